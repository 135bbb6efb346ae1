"""What pocket says about itself, small talk, and what it does not understand."""
from arithmetic import ADD, MUL, SUB, S
from wording import ask, noise, say, way
from words import NAMES, WORDS, number

FULL = "LFM2.5-8B-A1B"
CAN = "sums, letters, lists, weekdays, units, sorting and small word problems"
SELF = {
    "who": (["what are you", "who are you", "what is your name", "tell me about yourself", "introduce yourself", "are you a [person|human|human being|machine|robot|computer|bot|program]", "what [kind|sort] of model are you", "who am I [talking|speaking|writing] to", "are you [an AI|artificial|real|a chatbot|ChatGPT|a language model]", "what model is this", "which model are you", "do you have a name",
             "say who you are", "describe yourself[ in a sentence|]", "what should I call you", "who is [this|there]", "what exactly are you", "are you the [real|full|big] model", "who [made|trained|built|wrote] you", "where do you come from", "how were you [made|trained]", "what's your name", "what is pocket", "is this [pocket|the pocket model]", "tell me who you are", "what am I talking to", "explain what you are"],
            "asked about me", ["I am the pocket model of tarn: very small, trained for " + CAN + ".", "I am tarn's pocket model, a very small language model. I do " + CAN + "."]),
    "can": (["what can you do[ for me|]", "how can you help me", "what are you good [at|for]", "what can I ask[ you|]", "help", "[give|show] me some examples of what you can do", "what are your [skills|abilities|talents]", "what do you know", "[which|what kind of|what sort of] questions can you answer", "list your abilities", "what should I ask", "what is it that you do", "how do I use you", "show me what you can do", "what works here", "what tasks do you support",
             "any ideas what to ask", "what are you able to do", "what can this do", "tell me what you can do", "what can you help [me |]with", "what are you for", "what do you do", "can you help me", "I need help", "what is possible here", "what kind of [things|tasks|problems] can you [do|solve|handle]", "give me an example", "what would you like me to ask", "how does this work", "what now", "what have you learned"],
            "asked what I can do", ["I can do " + CAN + ". Try: What is 482 + 977?", "I do " + CAN + ". Try: Reverse the word planet."]),
    "load": (["how [do|can] I [load|get|open|use|install|start|run] the [full|big|real|large|larger|proper] model", "how do I [use|get|load|open|run] " + FULL, "where [do I find|can I get|is] the [real|full|big] model", "load the [full|big|real] model", "how do I switch to the [larger|full|real|better] model", "can I use a [better|bigger|smarter|larger] model", "how to download the [model|full model|big model]", "I want the [big|real|full|smart] [one|model]",
              "can you load the full model", "where to get a [smarter|better|bigger] model", "how do I open a GGUF file", "which file do I need for the [full|big] model", "change [the |]model", "how do I [replace|change] you[ with the full model|]", "how do I make you smarter", "is there a [bigger|better|smarter|larger] [model|version]", "how do I [upgrade|get something better]", "give me the [big|full|real] model", "switch models", "I'd rather talk to the [full|big|real] model", "what do I need for the [full|real] model", "how much memory does the full model need"],
             "asked for the full model", ["Choose Open model and pick a GGUF file of " + FULL + ". It needs about 5 GB of memory."]),
    "tarn": (["what is tarn", "tell me about tarn", "what is this [program|app|software|thing|application]", "what does tarn do", "what [app|program|software] is this", "explain tarn[ to me|]", "who made tarn", "what's tarn", "is tarn free", "what is this [app|program] for", "tarn", "what [software|program|app] am I using", "does tarn need the internet", "where does tarn run", "is [anything|my text|what I write] sent [anywhere|to the internet|to a server]", "does this work offline", "do you need the internet", "is this private", "what can tarn do", "what is tarn good for", "do you [save|store|send] what I write", "is my data safe"],
             "asked about tarn", ["tarn is the program that runs me: it runs Liquid AI's LFM2 models on your own machine, on the desktop and in the browser.", "tarn runs LFM2 models on your own machine, on the desktop or in the browser. Nothing leaves it."]),
    "hi": (["hello", "hi", "hey", "hey there", "hi there", "good [morning|evening|afternoon|day]", "hello there", "greetings", "yo", "[hi|hello|hey], how are you", "hello, nice to meet you", "how are you[ today| doing|]", "howdy", "what's up", "sup", "hello [pocket|again|friend|my friend|little one]", "hiya", "how is it going", "how do you do", "hi [again|pocket|you]", "is [anybody|anyone|someone] there", "nice to meet you", "welcome", "morning", "how's it going", "are you there", "hello hello", "good to see you"],
           "a greeting", ["Hello! I can do " + CAN + ". What shall I do?", "Hello! Ask me for " + CAN + "."]),
    "thanks": (["thanks", "thank you", "thanks a lot", "great, thanks", "ok thanks", "thank you [very much|so much]", "[cool|nice|perfect|super|wonderful|good], [thanks|thank you]", "nice", "well done", "that is [right|correct|it|good]", "perfect", "good job", "thx", "ty", "great", "awesome", "[that's|that is|this is] [great|right|helpful|correct|what I wanted]", "many thanks", "good[ answer| work|]", "you are [great|right|good|smart|nice|funny]", "correct", "that was [quick|fast|helpful|good|right]", "I like [you|that]", "very good", "exactly", "cheers", "much appreciated", "wow"],
               "thanks", ["You are welcome.", "You are welcome. Anything else?"]),
    "bye": (["bye", "goodbye", "see you[ later| tomorrow| soon|]", "bye bye", "I have to go[ now|]", "good night", "cya", "that is all[ for today| for now|]", "until [next time|tomorrow|later]", "farewell", "I'm [done|leaving|going][ for today| now|]", "so long", "take care", "have a nice [day|evening|weekend]", "we are done", "that was all", "talk to you later", "I am off[ now|]", "gotta go", "ciao for now", "catch you later"],
            "a farewell", ["Goodbye!", "Goodbye, until next time."]),
    "size": (["how [big|large|small] are you", "how many parameters do you have", "how large is this model", "what [size|is your size]", "are you a [small|big|large|tiny] model", "how much memory do you [need|use|take]", "how many layers do you have", "are you [large|small|big|tiny] or [small|large|big]", "how many parameters", "what is your size", "how [many|much] megabytes are you", "how smart are you", "how big is the pocket model", "how much [space|disk] do you take"],
             "asked about my size", ["I have about 10 million parameters; " + FULL + " has about 8 billion."]),
    "limits": (["what can't you do", "what are your [limits|weaknesses|limitations]", "do you make [mistakes|errors]", "can I trust you", "are you [always|ever] [right|wrong]", "how reliable are you", "can you be wrong", "what are you bad at", "do you know everything", "why are you so [limited|small|dumb|simple|stupid]", "why can't you answer [that|this|me]", "why not", "is that [really |]true", "are you sure", "why don't you know that", "how sure are you", "that is [wrong|not right|false|not true]", "you are wrong", "why do you refuse", "you don't know much", "is there anything you can't do", "what don't you know", "that's not [right|correct|what I asked]", "do you ever fail"],
               "asked about my limits", ["I am very small and can be wrong. I only do " + CAN + ". For anything else load " + FULL + "."]),
}


def about(r, k):
    q, thought, a = SELF[k]
    text = say(r, q)
    text = text[:1].upper() + text[1:] if r.random() < .7 else text
    text += r.choice(["?", "?", "", "."]) if k not in ("hi", "thanks", "bye") else r.choice(["!", ".", "", "", "!"])
    if r.random() < .12:
        text = r.choice(["Hi, ", "Hello. ", "Tell me: ", "Ok, ", "So ", "Sorry, ", "One question: ", "And "]) + text
    return S("self", text, [thought], r.choice(a), a)


def t_self(r):
    return about(r, r.choice(list(SELF)))


# -------------------------------------------------- too large, not whole
BIG = "I only handle whole numbers up to six digits. For more, load " + FULL + "."


def t_big(r):
    k, a, b = r.randrange(4), number(r, 7, 11), number(r, 4, 11)
    o, words, why = "+", ADD, "a number has more than six digits"
    if k == 1:
        a, b, words, why = number(r, 4, 6), number(r, 4, 6), MUL, "this product is too large for me"
    elif k >= 2:
        a = "%d.%d" % (r.randint(0, 99), r.randint(1, 99))
        b = r.choice(["%d.%d" % (r.randint(0, 99), r.randint(1, 9)), str(r.randint(1, 99))])
        words, why = r.choice([ADD, SUB, MUL]), "these are not whole numbers"
    else:
        words = r.choice([ADD, SUB])
    if k == 0 and r.random() < .5 and words is ADD or k >= 2 and r.random() < .3:
        a, b = b, a
    return S("big", ask(r, **words, a=a, b=b), [why], BIG, ["whole numbers up to six"])


UNKNOWN = "I did not understand that. I do " + CAN + "."
ODD = "???|...|!!|x|ok|hm|what?|and?|so?|yes|no|maybe|test|-|?|huh?|eh|why|then?|hmm|ah|oh|lol|aha|well|okay|really?|sure|no way|blah|bla bla|foo|abc|qwerty|go on|more|next|again|continue|who|when|where|how|never mind|whatever|yes please|no thanks|stop|wait|not now".split("|")
STATED = ["the {w} is {x}", "I saw a {w} in the {x}", "my {w} likes the {x}", "a {w} and a {x}", "there is no {w} here", "{w} {x} {y}", "this {w} was a {x}", "she said {w}", "the {w} [fell|went|came] [into|over|under] the {x}", "[we|they|I] like {w} and {x}", "it was a {w} of {x}", "he has no {w}", "that {w} over there", "{n} [is|was] a {w}", "{n} and the {w}", "I am in the {w}", "[today|yesterday] I [ate|bought|saw|lost] a {w}", "one {w} too many", "the {x} of my {w}", "everyone likes {w}"]


def t_unclear(r):
    k = r.randrange(5)
    if k == 0:
        q = "".join(r.choice("asdfghjklqwertyuiop") for _ in range(r.randint(3, 9)))
    elif k == 1:
        q = way(r, ODD) if r.random() < .7 else str(number(r, 1, 4))
    elif k == 2:
        q = " ".join(r.choice(WORDS) for _ in range(r.randint(1, 4)))
    else:
        q = say(r, STATED, w=r.choice(WORDS), x=r.choice(WORDS), y=r.choice(WORDS), n=r.choice(NAMES)) + r.choice([".", "", "!"])
    return S("unclear", q, ["no task in this"], UNKNOWN, ["did not understand"])


FOREIGN = """Wie geht es dir?|Was ist das?|Guten Tag|Kannst du mir helfen?|Wie viel ist das?|Wer bist du?|Ich habe eine Frage|Bonjour|Comment ca va?|Qui es-tu?
Peux-tu m'aider?|Quelle heure est-il?|Je ne comprends pas|Hola|Como estas?|Quien eres?|Puedes ayudarme?|Que hora es?|No entiendo|Ciao|Come stai?|Chi sei?|Grazie mille
Ola, tudo bem?|Hej, hur mar du?|Hoe gaat het?|Privet|Konnichiwa|Danke|Merci beaucoup|Gracias|Was kostet das Brot?|Wo ist der Bahnhof?|Wie heisst du?|Was kannst du?|Erzähl mir etwas über dich
Schreib mir ein Gedicht|Wann fährt der Zug?|Ich verstehe das nicht|Warum ist der Himmel blau?|Où est la gare?|Quel est ton nom?|Raconte-moi une histoire|Combien coûte le pain?|Qu'est-ce que c'est?
Pourquoi le ciel est bleu?|Je voudrais un café|Dónde está el baño?|Cuál es tu nombre?|Cuéntame una historia|Cuánto cuesta?|Qué es esto?|Me gusta la música|Por qué?|Dov'è la stazione?|Quanto costa?
Come ti chiami?|Raccontami una storia|Non capisco|Onde fica a praia?|Qual é o seu nome?|Obrigado|Eu não entendo|Waar is het station?|Ik begrijp het niet|Var ligger stationen?|Jag förstår inte|Hvor er du?
Tak for det|Missä on asema?|En ymmärrä|Jak się masz?|Gdzie jest dworzec?|Nie rozumiem|Dziękuję|Kde je nádraží?|Nerozumím|Merhaba|Nasılsın?|Привет, как дела?|Где вокзал?|Я не понимаю|こんにちは|駅はどこですか|你好|你是谁|안녕하세요|مرحبا|שלום|नमस्ते|Γεια σου""".replace("\n", "|").split("|")


def t_foreign(r):
    return S("foreign", way(r, FOREIGN), ["not English"], "Sorry, I only understand English.", ["only understand English"])


def hello_name(r, n):
    q = say(r, ["my name is {n}", "I am {n}", "hi, I'm {n}", "hello, my name is {n}", "you can call me {n}", "people call me {n}", "I'm called {n}", "[hi|hello|hey], {n} here", "call me {n}", "the name's {n}", "I am called {n}", "please call me {n}", "this is {n}"], n=n)
    return q[:1].upper() + q[1:] + r.choice([".", "", "!"]), "Hello %s! What shall I do?" % n


WHO_AM_I = ["what is my name", "do you [remember|know|recall] my name", "who am I", "what's my name[ again|]", "say my name", "do you still know [what I am called|who I am|my name]", "what am I called", "tell me my name", "can you remember [who I am|my name]", "my name was what[ again|]", "how am I called", "do you know who I am"]


def t_name(r):
    """A name that was told, asked for at once or later; hist adds turns between."""
    n = r.choice(NAMES)
    q, a = hello_name(r, n)
    if r.random() < .2:
        return S("name", q, ["the name is " + n], a, n)
    first = [("user", noise(r, q)), ("assistant", a)]
    q = say(r, WHO_AM_I)
    return S("name", q[:1].upper() + q[1:] + r.choice(["?", "?", ""]), ["the name is " + n], "Your name is %s." % n, n, before=first)


TASKS = [(t_self, 7), (t_big, 3), (t_unclear, 3), (t_foreign, 2)]
