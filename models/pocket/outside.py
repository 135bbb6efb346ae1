"""Questions that pocket has no business with, and how it says so.

Two springs: topics with phrases of their own, and phrases that take any word,
so that a subject never seen is still seen to be none of the tasks.
"""
from arithmetic import S
from talk import CAN, FULL
from wording import ask, say, way
from words import CITIES, DAYS, MONTHS, NAMES, WORDS, number

SURNAMES = "Miller Stone Hart Young Lopez Brandt Rossi Novak Keller Moreau Silva Tanaka Weber Olsen Fischer Grant Baker Reed Cole Price".split()
THINGS = """time machines|solar power|the stock market|climate change|democracy|the internet|dreams|volcanoes|whales|bees|cheese|coffee|football|tennis|chess|jazz|opera|yoga|robots|dinosaurs|the human heart|the brain|sleep|memory
money|taxes|banks|mortgages|insurance|marriage|friendship|happiness|love|art|painting|photography|poetry|philosophy|religion|ancient Egypt|the Vikings|the Middle Ages|pirates|samurai|knights|castles|kings and queens|space travel|Mars
black holes|stars|comets|the tides|rainbows|lightning|snow|deserts|rain forests|rivers|coral reefs|sharks|penguins|wolves|horses|cats|dogs|parrots|snakes|spiders|ants|mushrooms|roses|oak trees|bread|chocolate|wine|beer|tea|spices
sugar|salt|vitamins|protein|muscles|bones|teeth|the eye|allergies|fever|vaccines|antibiotics|cancer|the liver|stress|anxiety|electric cars|trains|airplanes|bicycles|bridges|skyscrapers|batteries|engines|computers|phones|televisions|cameras
encryption|passwords|viruses|databases|compilers|operating systems|neural networks|machine learning|satellites|radio|lasers|glass|steel|plastic|oil|gold|diamonds|atoms|energy|heat|light|sound|gravity|magnets|electricity|chemistry|biology|grammar
the alphabet of Greek|Latin|Shakespeare|fairy tales|comics|video games|movies|fashion|make-up|hair|furniture|gardening|fishing|camping|hiking|swimming|skiing|running|diets|recipes|weddings|birthdays|Christmas|Easter|New Year|holidays|school|university|jobs|interviews""".replace("\n", "|").split("|")
PLACES = """France|Japan|Brazil|Canada|Egypt|India|Norway|Kenya|Mexico|Italy|Australia|Peru|Sweden|China|Spain|Chile|Poland|Greece|Turkey|Iceland|Ireland|Cuba|Morocco|Ghana|Vietnam|Finland|Denmark|Austria|Hungary|Ukraine|Russia|Germany|England|Scotland|Texas|Florida|Alaska|California|Europe|Africa|Asia|Bolivia|Korea|Israel|Jordan|Iran|Laos|Nepal|Oman|Qatar|Mali""".split("|")
PEOPLE = "Napoleon|Julius Caesar|George Washington|Joan of Arc|Queen Victoria|Genghis Khan|Columbus|Abraham Lincoln|Gandhi|Alexander the Great|Mozart|Beethoven|Einstein|Picasso|Goethe|Bach|Elvis|Newton|Darwin|Tolstoy|Galileo|Plato|Socrates|Homer|Dante|Rembrandt|Chopin|Tesla|Edison|Buddha|Moses|Nelson Mandela|Churchill|Stalin|Kennedy".split("|")
LANGUAGES = "French|German|Spanish|Japanese|Chinese|Italian|Arabic|Korean|Latin|Russian|Dutch|Swedish|Polish|Greek|Turkish|Hindi|Portuguese".split("|")
CODE = "Python|C|JavaScript|Rust|Java|Go|C++|SQL|HTML|bash|PHP|Ruby|Swift|CSS|Perl|Excel|Kotlin|R".split("|")
DOING = "sort a list|read a file|open a window|print hello world|parse JSON|download a page|send a mail|connect to a server|draw a line|make a loop|reverse a string|use a class|catch an error|test my code".split("|")
WRITING = "poem|story|song|letter|email|essay|joke|speech|novel|report|haiku|fairy tale|blog post|cover letter|riddle|toast|review|slogan|summary|diary entry|script|rap|prayer|postcard text|headline|tweet|dialogue|complaint|invitation|article|ballad".split("|")
HEALTH = "a headache|a fever|back pain|a cold|the flu|a cough|insomnia|an allergy|diabetes|high blood pressure|a toothache|a rash|a sore throat|a broken arm|migraine|knee pain|an ear infection|sunburn|nausea|stomach pain".split("|")
FOOD = "rice|pasta|bread|pancakes|soup|pizza|a cake|chicken|curry|an omelette|lasagna|potatoes|beans|a stew|pie|sushi|dumplings|fish|salad|jam|cookies|a sauce".split("|")
VERBS = "fix|clean|build|buy|sell|paint|grow|repair|open|cut|wash|learn|teach|find|catch|train|draw|choose|store|cook|make|hang|move|carry|close|freeze|dry|lift|ride|drive|play|tune".split("|")

OUT = {
    "history": (["who was {p}", "when was {p} born", "[tell me|write] [something |]about {p}", "what did {p} do",
                 "why is {p} famous", "when did {p} [die|live]", "where was {p} born", "how did {p} die",
                 "explain the [French Revolution|Cold War|First World War|fall of Rome|moon landing|Black Death|Industrial Revolution|American Civil War]", "what caused the [French Revolution|Cold War|Second World War|fall of Rome|Great Depression|plague]", "when [was|did] the [war end|wall fall|printing press invented|wheel invented|first car built|radio invented]", "who [invented|discovered|built|founded] the [wheel|radio|telescope|steam engine|pyramids|airplane|compass|car|computer|city of {c}]", "what happened in [1066|1492|1776|1789|1815|1848|1914|1929|1945|1969]", "who [ruled|conquered|founded] {l}", "in what year did {p} [rule|live|die]", "when did the [war|empire|revolution|plague] [begin|end|start]", "who [ruled|governed|led|founded] {l}", "who was the [first|second|last|third] [king|queen|president|emperor] of {l}", "how old was {p} when [he|she] died", "what year did {p} [die|become famous|win|travel]", "did {p} [really |ever ]live in {l}", "what happened in [1066|1492|1789|1848|1914|1945|1969|1989]", "how long did the [war|empire|siege] last", "why did [Rome|the empire|the war] [fall|end|begin]", "who fought in the [war|battle] of {c}", "in which year was {c} founded", "what was life like [in {l} |]a hundred years ago"]),
    "geography": (["what is the capital of {l}", "where is {l}", "how many people live in {l}",
                   "what language do they speak in {l}", "[which|what] countries border {l}", "how far is it from {l} to {c}",
                   "what is the [longest|largest|biggest|highest] [river|lake|mountain|city] [of|in] {l}",
                   "[best|nicest] places [to visit |]in {l}", "is {c} in {l}",
                   "what is the [flag|currency|climate|population|national dish] of {l}", "which [river|sea|ocean] is near {c}",
                   "how high is the [highest|tallest] [mountain|building] in {l}", "what continent is {l} on",
                   "how do I get to {c}", "which country is [larger|richer|older], {l} or {m}", "where [is|are|lies] {c}",
                   "how [big|large|far away|cold|warm] is {l}", "what is {l} known for",
                   "what is the second largest city in {l}", "which [ocean|sea|mountains] lies between {l} and {m}",
                   "name a [city|river|lake|mountain] in {l}",
                   "how many [states|islands|rivers|countries|provinces] [are in|has] {l}",
                   "is {l} [in Europe|in Asia|an island|a country|bigger than {m}]", "what time zone is {c} in",
                   "what do people eat in {l}", "do I need a visa for {l}", "how long is the flight [from {c} |]to {l}"]),
    "science": (["what is {t}", "explain {t}", "how [does|do] {t} work", "tell me [something |]about {t}",
                 "what do you know about {t}", "explain {t} to a child", "what causes {t}",
                 "[why|how] [does|do] {w}s [grow|shine|sleep|fly|swim|burn|die|move]",
                 "why is the [sky|sea|grass|sun|moon|snow|blood] [blue|green|red|white|salty|hot|yellow]",
                 "what is the [speed|weight|temperature|age|size] of [light|the sun|the moon|the earth|sound]",
                 "who discovered {t}",
                 "why do [we|people|birds|cats|dogs|fish|stars|leaves|babies] [sleep|dream|sing|shine|fall|cry|yawn|age]",
                 "what are {w}s made of", "what is the difference between {t} and {u}",
                 "how [old|big|hot|far away] is the [sun|moon|earth|universe]", "what do {w}s eat", "how long do {w}s live",
                 "how many [planets|bones|elements|cells|moons] are there",
                 "what is the chemical [symbol|formula] [of|for] [water|salt|gold|iron|sugar]",
                 "at what temperature does [water|iron|ice|glass] [boil|melt|freeze]",
                 "what do [plants|animals|bacteria|trees] need to [live|grow]",
                 "is {t} [dangerous|real|alive|a metal|made by people]", "why is {t} important",
                 "what happens in a [cell|star|battery|volcano]", "how fast [is|does] [light|sound|a rocket|a cheetah|a plane]",
                 "how does [a plane fly|a car work|the heart beat|a magnet work|the moon shine|rain form]",
                 "what is inside [the earth|an atom|a cell|the sun]",
                 "who was the first [person|man|woman|animal] [in space|on the moon|to fly]"]),
    "code": (["write a {y} program that [can |]{x}s", "how do I {x} in {y}", "fix my {y} code",
              "write [some |a bit of |]{y} code to {x}", "explain {y}", "why does my [{y} |]program crash",
              "can you [code|program] in {y}", "show me a function in {y} to {x}", "what does this {y} [error|code] mean",
              "[debug|review|improve] this {y} [script|function|code]",
              "what is a [pointer|class|closure|loop|thread|monad|variable|compiler] in {y}", "is {y} better than {z}",
              "write [me |]a [script|program|function|class|query|test] [to {x}|in {y}]", "how do I install {y}",
              "my [computer|phone|printer|browser|screen|keyboard] [does not|won't] [start|work|print|respond]",
              "how do I [install|update|delete|reset] my [phone|system|browser|password|printer]",
              "how do I [use|import|call|return|declare] a [list|function|module|variable|string] in {y}",
              "what is wrong with this code", "regex [for|to match] an email", "make [me |]a [website|game|bot|app|script]",
              "how does [git|docker|linux|recursion|sorting|a database] work",
              "what is [git|an API|a compiler|HTML|recursion|object-oriented programming]",
              "which [language|framework|editor] should I [learn|use]", "convert this [code|script] [to|from] {y}",
              "write a [loop|test|class|function] for [me|this]",
              "how do I [center a div|reverse a list in {y}|sort a dictionary|read a csv]"]),
    "writing": (["write a {x} about {t}", "[can|could] you write me a {x}", "write a short {x} [on|about] {t}",
                 "make up a {x} about {t}", "compose a {x}",
                 "I need a {x} [about {t}|for my [boss|mother|wife|son|teacher|friend]]",
                 "tell me a [story|joke|fairy tale|riddle|secret|fun fact|tale]", "help me with my {x}[ about {t}|]",
                 "draft a {x} for me",
                 "give me [an idea|ideas|a title|a name|a slogan] for [my|a] [{x}|shop|band|cat|dog|company|boat|baby]",
                 "write something [funny|nice|sad|romantic] about {t}", "invent a {x}", "write the first line of a {x}",
                 "what should I write in a {x}", "continue this [story|poem|text]: once upon a time",
                 "write [me |]{n}'s [biography|story|letter]", "finish my [sentence|story|poem]",
                 "[can|could] you make a [poem|song|rhyme|joke] [for|about] {n}", "a [haiku|poem|joke|story|song] about {t}",
                 "[rewrite|improve|polish|check] my [email|letter|essay|text|CV]",
                 "give me a [quote|motto|headline|caption|slogan]", "write {n} [a note|an invitation|an apology]",
                 "make me laugh", "tell me [something funny|a bedtime story|another joke]"]),
    "language": (["translate {q} [to|into] {g}", "how do you say {q} in {g}", "what is {q} in {g}",
                  "what does {q} mean[ in {g}|]", "[can|do] you speak {g}", "say {q} in {g}", "do you know {g}",
                  "what is a [synonym|word|rhyme|better word] for {w}",
                  "what is the [opposite|plural|past tense|meaning|origin|definition] of {w}", "what does {w} mean",
                  "define {w}", "use {w} in a sentence", "what rhymes with {w}", "is {w} a [noun|verb|adjective]",
                  "how do you pronounce {w}", "correct [my|this|the] [spelling|grammar|sentence|text][:| of:] the {w} was {v}",
                  "[shorten|rewrite|summarize|paraphrase|improve] this[ text| sentence|]: the {w} and the {v} went to {c}",
                  "what is the [topic|message|main idea] of this text: a {w} met a {v}", "how do you spell hello in {g}",
                  "which language is {q}", "is {q} {g}", "teach me [some |]{g}",
                  "what is the difference between [affect and effect|its and it's|who and whom|less and fewer]",
                  "give me [a synonym|another word|three synonyms] for {w}",
                  "[is|was] this sentence [correct|right]: the {w} [are|is] {v}",
                  "how many languages [are there|do you speak|are spoken in {l}]",
                  "what [letter|language|alphabet] do they use in {l}", "say [hello|goodbye|thank you|good night] in {g}"]),
    "health": (["I have {h}. What should I do", "what helps against {h}", "is {h} dangerous", "how do I treat {h}",
                "[which|what] medicine is good for {h}", "why do I have {h}", "my [child|son|wife|dog|cat] has {h}",
                "what are the symptoms of {h}", "should I see a doctor [about|with|for] {h}",
                "how [can|do] I [sleep better|lose weight|get fit|stop smoking|eat better|gain muscle]",
                "is {f} [healthy|good for me|bad for me]", "how much [water|sleep|sugar|sport|coffee] do I need",
                "can I [drink|eat|take] {f} with {h}", "how many calories [has|are in|does] {f}",
                "how do I [get rid of|cure|avoid] {h}", "how long does {h} last", "can {h} [kill|spread|come back]",
                "is it [healthy|bad|safe] to [run every day|skip breakfast|eat {f}|sleep late]",
                "what should I eat [with|against] {h}", "my [head|back|knee|tooth|stomach|ear] hurts",
                "how much should I [weigh|sleep|drink|run]", "do I have {h}", "what vitamin is in {f}"]),
    "the news and the weather": (["what is the weather [today|tomorrow|like|in {c}]",
                                  "will it [rain|snow|be sunny|be cold][ in {c}|] [tomorrow|today|on {d}]",
                                  "what happened [today|yesterday|this week|in {l}]", "what is the news[ today| from {l}|]",
                                  "who won the [game|match|race|election|cup][ yesterday| last night|]",
                                  "what time is it[ in {c}| now|]", "what is today's date", "what day is [it|it today]",
                                  "how [warm|cold] is it [in {c}|outside]",
                                  "who is the [president|king|queen|mayor|leader|prime minister] of {l}",
                                  "what is the price of [gold|oil|gas|a house|bread|milk|a ticket]",
                                  "when does the [shop|train|bus|store|movie|bank] [open|leave|start|close|arrive]",
                                  "what is on [TV|the radio|at the cinema] [tonight|today]",
                                  "is there [traffic|a strike|a storm] in {c}",
                                  "how is the [stock market|traffic|economy] doing",
                                  "do I need [an umbrella|a coat|a hat] [today|tomorrow]",
                                  "what [is|was] the score [of the game|yesterday|last night]",
                                  "when is [Easter|Christmas|the next holiday|the next election|sunset|the next train]",
                                  "what is going on in {l}", "who is winning",
                                  "is the [shop|bank|museum|library] open [today|now|on {d}]",
                                  "how much is [a dollar|gold|oil|bread|a stamp] [today|now]",
                                  "who [is|was] [the new|the current|the last] [president|champion|mayor|pope|king]",
                                  "what year is it", "when is the next [full moon|eclipse|world cup|bus]"]),
    "cooking": (["how do I [cook|make|bake|prepare] {f}", "give me a recipe for {f}", "what can I cook with {f}",
                 "how long do I [bake|cook|boil] {f}", "how do you make {f}", "what goes well with {f}", "recipe for {f}",
                 "I want to make {f} [tonight|for {n}]", "can I freeze {f}", "what is in {f}", "how much salt goes into {f}",
                 "what should I cook [tonight|for {n}|on {d}]", "how do I know when {f} is done",
                 "how many eggs [do I need|go] [for|into] {f}", "what can I use instead of [butter|eggs|milk|sugar|flour]",
                 "how do I [boil|fry|peel|store|cut] [an egg|a potato|rice|an onion|{f}]",
                 "what is for [dinner|lunch|breakfast]", "which [wine|sauce|cheese|bread] goes with {f}",
                 "how long does {f} [keep|last|take]", "is {f} vegan", "what temperature [for|do I need for] {f}"]),
    "higher mathematics": (["solve {e}", "what is the [derivative|integral] of {k}", "integrate {k}",
                            "what is the [square root|cube root|root|logarithm|sine|cosine] of {z}", "solve for [x|y]: {e}",
                            "what is {z} to the power of {j}",
                            "[prove|explain] [the Pythagorean theorem|that pi is irrational|Fermat's theorem|the binomial formula]", "what is {j} percent of {z}", "{j}% of {z}", "what is {j}/{z} [plus|minus|times|+|-] {j}/{i}", "simplify {j}/{z}", "{z} squared", "{z}^{j}", "what is pi[ to {j} digits|]", "[what is the|calculate the] [area|volume|circumference] of a [circle|square|triangle|ball|cube|rectangle] [with|of] [radius|side|height] {z}", "what is the [average|mean|median|probability|variance] of {z}, {j} and {i}", "{z} factorial", "write {z} in [binary|hex|Roman numerals]", "round {z}.{j}7 to one digit", "what is minus {z} [times|plus] {j}", "how many [miles|feet|inches|pounds|gallons|degrees|ounces|acres] are {z} [km|metres|kilos|litres|Celsius|yards]", "convert {z} [dollars|euros|pounds|yen] to [euros|dollars|francs]", "what is the interest on {z} dollars", "what is {z} [percent|per cent] of {j}", "what is the [gcd|lcm|greatest common divisor|least common multiple] of {z} and {j}", "how much is {j} degrees in radians", "is {z} a [perfect square|Fibonacci number|triangular number|power of two]", "what is [a prime ideal|calculus|a vector|a matrix|infinity|an imaginary number]", "[find|what is] x [if|when] {e}", "what is 0.{j} as a fraction", "{j}.{i} [times|plus|minus] {i}.{j}", "what are the odds of [rolling two sixes|winning the lottery|three heads]", "{z} to the [third|fourth|fifth] power", "what is the [cube|square|cube root|square root|reciprocal] of {z}", "what is {z} in [hexadecimal|binary|Roman numerals|octal]", "how many [square metres|square feet|cubic metres] is a room of {j} by {i}"]),
    "advice and opinions": (["what should I [do|wear|buy|eat|read|watch|study|play] [tonight|today|tomorrow|next|for {n}]",
                             "do you [like|love|hate|want|know] {t}",
                             "what is your [favorite|favourite] [movie|book|color|food|song|animal|team|word]",
                             "should I [quit my job|move to {l}|call {n}|buy a {w}|marry {n}|study {t}|learn {y}]",
                             "what do you think [about|of] {t}", "is {t} [good|bad|better than {u}|worth it]",
                             "recommend [me |]a [movie|book|song|game|restaurant|hotel|phone|car|laptop]",
                             "I feel [sad|lonely|tired|happy|sick|angry|bored]", "what is the meaning of life",
                             "I am [bored|sad|in love|tired|hungry|afraid|alone]",
                             "help me [choose|decide|with my homework|with my life]", "do you love me",
                             "are you [happy|sad|bored|alive|married|religious|free]",
                             "who is [better|stronger|smarter], {p} or {n}", "which [team|party|phone|car|country] is the best",
                             "is it [wrong|ok|fair|legal] to [lie|steal|eat meat|be late|hunt]", "what [is|are] the best {w}",
                             "how do I [make friends|get rich|become famous|impress {n}|say no]",
                             "what gift should I buy for {n}", "tell me what to do", "can you keep a secret",
                             "what do you want", "what would you do", "what is [better|nicer|healthier|cheaper], {t} or {u}",
                             "how can I [be happier|save money|learn faster|find a job|stop worrying|meet people]",
                             "do you [have|want] [friends|a family|feelings|dreams|a body]",
                             "tell me [your opinion|what you feel|what you like][ about {t}|]",
                             "am I [pretty|smart|late|right|too old]",
                             "which [movie|book|game|song|country|color] [do you like|is best|should I try]",
                             "I [had|have] a [bad|good|hard] [day|week|dream]",
                             "my [boss|friend|wife|husband|son] [is angry|left me|is ill|does not listen]",
                             "should I [text|call|forgive|trust|invite] {n}", "do you believe in [God|ghosts|love|fate|aliens]",
                             "what makes a good [life|friend|leader|teacher]", "is there [a God|life after death|life on Mars]",
                             "how do you feel about {t}", "I can't sleep"]),
    "images, sounds and deeds": (["draw [me |]a {w}", "make a picture of a {w}", "show me [a picture of |]a {w}",
                                  "generate an image of {t}", "play [some |]{t}", "sing [a song|something]",
                                  "can you draw a {w}", "paint {t} for me", "make a video of a {w}",
                                  "[send|write] a message to {n}", "call {n}", "set an alarm for [six|seven|8] [am|pm|o'clock]",
                                  "remind me [to buy {f}|tomorrow|of the {w}]", "turn [on|off] the [light|radio|heating|TV]",
                                  "order {f}[ for me|]", "book a [hotel|flight|table|room|ticket] [in|to] {c}",
                                  "open the [door|browser|file|window]", "search [the web|the internet|for] {t}",
                                  "find a [cheap |good |]{w} [near me|in {c}|online]", "look up {t}",
                                  "read [me |]the [news|book|mail]", "buy [me |]a {w}", "start the {w}",
                                  "what is in this [picture|photo|file]", "take a [photo|screenshot|note]",
                                  "open [the mail|my calendar|a website|google]", "what do you see",
                                  "can you [hear|see|watch] me", "[turn|switch] [on|off] {w}", "translate this picture",
                                  "sing happy birthday", "set a timer", "add {f} to my shopping list", "download {t}",
                                  "make a [chart|table|logo|map] of {t}", "email {n}", "wake me up at [six|seven|eight]",
                                  "navigate to {c}"]),
    "people and works": (["who wrote [the book |]the {w} of {v}", "who painted the {w}", "who is {n} {s}", "how old is {n} {s}",
                          "what is the book the {w} about", "which [films|books|songs] did {n} {s} make",
                          "tell me about {n} {s}", "when did {n} {s} die", "who sang {w}", "who [played|plays] {n} in the {w}",
                          "who is the [director|author|singer|actor|owner|boss] of the {w}", "what [is|was] {n} {s} known for",
                          "is {n} {s} [married|alive|rich|famous]", "where does {n} {s} live", "do you know {n} {s}",
                          "who [directed|wrote|composed|produced|starred in] [the movie |the book |]{w} and {v}",
                          "what is {n} {s}'s [job|age|best book|real name|phone number]", "how tall is {n} {s}",
                          "how much money does {n} {s} have", "is the [film|book|song|show] {w} any good",
                          "what [book|film|song] should I [read|see|hear] by {n} {s}",
                          "who is [the most famous|the richest|the best] [singer|actor|player|writer][ in {l}|]",
                          "which [band|team|company] did {n} {s} [play for|found|leave]",
                          "how does the [film|book|story] end"]),
    "something else": (["how do I {b} a {w}", "what is a {w}", "why do {w}s have a {v}", "where can I [find|buy|see] a {w}",
                        "who [needs|has|wants|likes] a {w}", "tell me [more |something |everything |]about [the |]{w}",
                        "what is the best {w}", "when was the {w} [invented|built|found|made]",
                        "how [big|old|heavy|expensive|fast|dangerous] is a {w}", "can a {w} {b} a {v}",
                        "do {w}s [sleep|eat|fly|swim|think|feel]", "what happens if I {b} a {w}",
                        "how much does a {w} [cost|weigh]", "where do {w}s come from", "is a {w} a {v}",
                        "why is my {w} [broken|wet|red|gone|late]", "which {w} [is|was] the first", "what can I do with a {w}",
                        "how do you {b} {w}s", "what color is a {w}", "explain how to {b} a {w}", "describe a {w}",
                        "should I {b} my {w}", "what [kind|type|sort] of {w} is that", "where is my {w}",
                        "what did the {w} say to the {v}", "how many {w}s [are there in the world|live in {l}|exist]",
                        "who {b}s the {w}", "I want to {b} a {w}", "how can I {b} the {w} [faster|better|alone|at home]",
                        "give me [tips|facts|advice|ideas] [about|on|for] {w}s", "what do I need to {b} a {w}",
                        "how do I get rid of {w}s", "what is the {w} for", "where did the {w} go", "can you {b} a {w}",
                        "how long does a {w} [live|last]", "who invented the {w}", "are {w}s [dangerous|expensive|useful|rare]",
                        "how many {w}s does a {v} have", "what should I know about {w}s", "how do {w}s {b}",
                        "why do we need {w}s", "what is the difference between a {w} and a {v}", "do you have a {w}",
                        "can I {b} a {w} with a {v}", "what is a good name for a {w}", "how do I choose a {w}",
                        "who owns the {w}", "when do {w}s [sleep|bloom|come back|leave]", "is it possible to {b} a {w}",
                        "I lost my {w}", "my {w} is [broken|too small|gone|old]"]),
}

# ------------------------------------------------------------ more of it: near misses and a wider world
FILMS = "Titanic|Star Wars|The Godfather|Jaws|Casablanca|Frozen|The Matrix|Toy Story|Inception|Psycho|Gladiator|Avatar|Rocky|King Kong|Bambi|Alien|Shrek|Jurassic Park|Vertigo|Metropolis|Amelie|The Lion King".split("|")
BOOKS = "Moby Dick|Hamlet|Faust|Dracula|Frankenstein|The Hobbit|Don Quixote|War and Peace|Emma|1984|The Odyssey|Macbeth|Robinson Crusoe|Heidi|Ulysses|The Trial|Oliver Twist|Treasure Island|Animal Farm|the Bible|Dune|Peter Pan".split("|")
COMPANIES = "Apple|Google|Toyota|Nokia|Ikea|Siemens|Amazon|Lego|Sony|Boeing|Nestle|Tesla|Microsoft|Samsung|Adidas|Volvo|Netflix|Philips|Ford|Nintendo|Bosch|Fiat|Shell|Airbus|Starbucks|Intel".split("|")
ANIMALS = "elephant|whale|cheetah|crocodile|koala|panda|hippo|camel|bat|eel|moth|salmon|crab|worm|hare|lynx|seal|moose|stork|gecko|raven|trout|snail|cobra|llama|ostrich|bison|mole|walrus|hornet|lobster|toad|jackal|puma".split("|")
PLANTS = "tomato plant|cactus|basil|tulip|apple tree|fern|orchid|rose bush|bamboo|lavender|pine|ivy|sunflower|mint|palm|hedge|lawn|pumpkin|vine|willow|strawberry plant|maple".split("|")
SPORTS = "football|tennis|golf|rugby|basketball|cricket|hockey|boxing|judo|baseball|volleyball|cycling|rowing|skiing|chess|handball|fencing|badminton|surfing|darts|archery|wrestling".split("|")
GAMES = "chess|poker|checkers|go|bridge|Monopoly|sudoku|tic-tac-toe|hangman|Tetris|Minecraft|solitaire|dominoes|backgammon|Scrabble|hide and seek|rummy|Mario|Battleship|twenty questions|rock paper scissors|charades".split("|")
INSTRUMENTS = "piano|guitar|violin|drums|flute|trumpet|cello|harp|saxophone|organ|clarinet|banjo|accordion|tuba|ukulele|bagpipes".split("|")
ELEMENTS = "iron|gold|oxygen|helium|carbon|sodium|lead|silver|copper|mercury|uranium|neon|zinc|nitrogen|calcium|hydrogen|sulfur|tin|iodine|nickel|argon|chlorine".split("|")
MONEYS = "dollars|euros|pounds|yen|francs|rupees|pesos|kronor|yuan|won|zloty|rubles|lira|cents|bitcoins|dinars".split("|")
FARUNITS = "miles|feet|inches|yards|pounds|ounces|gallons|pints|acres|hectares|knots|stones|cups|tablespoons|teaspoons|joules|calories|watts|volts|megabytes|gigabytes|bytes|light years|square metres|cubic metres|degrees Fahrenheit|degrees Celsius|kelvin|carats|barrels|horsepower|nautical miles|bits|bars|microns|fathoms".split("|")
GODS = "Zeus|Thor|Athena|Odin|Apollo|Ra|Isis|Venus|Mars|Loki|Hercules|Medusa|Shiva|Poseidon|Hades|Anubis|Achilles|Pandora|Neptune|Freya".split("|")
SHAPES = "circle|square|triangle|rectangle|hexagon|pentagon|cube|cylinder|cone|sphere|trapezoid|octagon|rhombus|pyramid|prism|parallelogram|semicircle|ellipse".split("|")
MEDICINES = "aspirin|ibuprofen|antibiotics|cough syrup|sleeping pills|insulin|vitamin C|paracetamol|iron tablets|melatonin|eye drops|cortisone|penicillin|zinc".split("|")
SKY = "Jupiter|Saturn|Venus|Mercury|Neptune|Pluto|Uranus|the moon|the sun|the Milky Way|Sirius|Halley's comet|Orion|Mars|the North Star|Andromeda|Titan|Europa".split("|")
GROUPS = "animals|fruits|colors|countries|rivers|planets|presidents|cities|trees|birds|vegetables|flowers|oceans|sports|instruments|painters|languages|islands|metals|insects|philosophers|inventors|car brands|dog breeds|cheeses|holidays".split("|")
MORE_OUT = {
    "higher mathematics": [
        "{n3} to the power of {n4}", "what is {n3} to the {n4}th power", "raise {n2} to the power {n4}",
        "{n3} ** {n4}", "calculate {n3}^{n4} [+|-] {n2}", "what is two to the [tenth|eighth|fifth|twelfth|sixth|hundredth]",
        "{n2} cubed", "how much is {n3} squared plus {n4} squared", "square {n2}", "what power of two is {n1}", "sqrt({n1})",
        "sqrt {n1}", "[find|take|give me|calculate] the square root of {n1}", "root of {n1}",
        "what is the [fourth|fifth|sixth] root of {n1}", "which number times itself [is|gives|makes] {n1}",
        "a {n2} percent discount on {n1}", "{n2} per cent of {n1} [is|makes] what", "take {n2} % off {n1}",
        "what percentage of {n1} is {n2}", "how many percent is {n2} of {n1}", "{n2} is what percent of {n1}",
        "increase {n1} by {n2} percent", "reduce {n1} by {n2}%", "add {n2}% [tax|tip|VAT|sales tax] to {n1}",
        "what is {n1} after a {n2} percent [rise|cut|discount|raise]",
        "a [shirt|coat|bike|phone] costs {n1} dollars and is {n2}% off. What do I pay",
        "prices rose by {n2} percent. What does a {n1} dollar [ticket|chair|coat|lamp] cost now", "{n4}/{n3} + {n4}/{n2}",
        "what is {n4}/{n3} times {n4}/{n2}", "add the fractions {n4}/{n3} and {n4}/{n2}",
        "what is [a third|a quarter|two thirds|three quarters|a fifth|a tenth] of {n1}",
        "[simplify|reduce|shorten] the fraction {n2}/{n1}", "write {n4}/{n3} as a [decimal|percentage]",
        "which is larger, {n4}/{n3} or {n4}/{n2}", "what is {n4} and a half plus {n3} and a quarter",
        "turn 0.{n2} into a [fraction|percentage]", "what is the common denominator of {n4}/{n3} and {n4}/{n2}",
        "what is the [average|mean] of {nums}", "average of {nums}",
        "[find|calculate|compute] the [mean|average|median|mode] of {nums}", "[median|mean|mode|range|variance]: {nums}",
        "what is the standard deviation of {nums}", "my grades are {nums}. What is my average",
        "what is the [median|middle value] of these numbers: {nums}", "[solve|find x]: {e}", "{e}, what is x",
        "if {e}, [what is|find|how big is] x", "solve {e} for x",
        "I think of a number, [double it|multiply it by {n4}] and add {n3}, and get {n2}. What was it",
        "{n4}x + {n4}y = {n2} and x - y = {n4}. Find x and y", "solve x^2 - {n3}x + {n4} = 0", "what are the roots of {k}",
        "x times {n3} is {n2}, what is x", "factor the polynomial {k} - {n3}", "expand (x + {n4})(x - {n3})",
        "simplify {n3}x + {n4}x - {n2}", "what is f({n4}) if f(x) = {k}", "differentiate {k}", "d/dx of {k}",
        "what is the [slope|gradient|limit|minimum|second derivative] of {k}", "plot {k}",
        "draw the graph of y = {n4}x + {n3}", "what is the integral of {k} from 0 to {n4}",
        "find the limit of {k} as x goes to [zero|infinity]", "log {n1}", "log2 of {n1}", "ln({n2})",
        "what is the [natural log|logarithm to base {n4}|log] of {n1}", "sin {n2}",
        "what is the [sine|cosine|tangent] of {n2} degrees", "cos({n2})", "tan of {n2} degrees", "e to the {n4}",
        "what is the probability of rolling a [six|three|one] {n4} times", "chance of getting {n4} heads in {n3} coin flips",
        "a bag has {n3} red and {n4} blue balls. What is the chance to draw a [red|blue] one",
        "how many ways are there to [arrange|seat|order|line up] {n3} people", "{n3} choose {n4}", "{n3}!",
        "in how many ways can I pick {n4} out of {n3}", "how many [combinations|permutations] of {n3} letters are there",
        "what are the odds that two dice show {n3}", "what is the expected value of a die",
        "area of a [circle|square|triangle] with [radius|side|base] {n2}", "what is the area of a {shape}",
        "a rectangle is {n2} by {n3}. What is its [area|perimeter|diagonal]",
        "volume of a {shape} of height {n3} and width {n4}", "the [perimeter|surface|circumference] of a {shape} of {n2} cm",
        "how many [sides|corners|edges|faces] has a {shape}", "what is the sum of the angles in a {shape}",
        "a right triangle has legs {n3} and {n4}. How long is the hypotenuse",
        "two angles of a triangle are {n2} and {n3} degrees. What is the third",
        "is a triangle with sides {n3}, {n4} and {n2} right-angled", "how long is the diagonal of a {n3} by {n4} {shape}",
        "what is the radius of a circle with area {n1}", "distance between the points ({n3}, {n4}) and ({n4}, {n2})",
        "how big is the angle between the hands at {hm}", "[convert|turn|put] {n1} [to|into] binary",
        "{n1} in [binary|hex|octal|base {n4}]", "which bits are set in {n1}", "{bin} in decimal",
        "what number is binary {bin}", "what is {bin} + {bin} in binary", "convert 0x{n2}F to decimal",
        "what [number|value] is {rom}", "{rom} in numbers", "what is {rom} plus {rom}", "{n1} in Roman numerals",
        "write the year {yr} in Roman numerals", "read the Roman number {rom}", "roman numeral for {n2}",
        "which is more, {n3}^{n4} or {n4}^{n3}", "what is {n3} to the power {n4} plus {n2}",
        "what is {n1} in scientific notation", "round {big} to the nearest [ten|hundred|thousand]",
        "round {n2}.{n1} [up|down|to two places]", "what is the absolute value of -{n2}", "-{n2} * -{n3}",
        "(-{n3}) times {n4}", "what is the [ratio|proportion] of {n2} to {n1}", "split {n1} in the ratio {n4} to {n3}",
        "{n4} is to {n3} as {n2} is to what",
        "what is the {n2}th [Fibonacci number|prime number|digit of pi|triangular number]",
        "sum of all numbers from 1 to {n1}", "what is the sum of the digits of {n1}", "add up the first {n2} odd numbers",
        "what comes next: 1, 1, 2, 3, 5, 8", "what comes next: 2, 4, 8, 16, 32", "next number: 1, 4, 9, 16, 25",
        "is {n1} a [perfect|happy|square|cube|palindromic|transcendental] number", "is the root of {n2} rational",
        "lcm of {n2} and {n3}", "gcd({n1}, {n2})", "greatest common factor of {n1} and {n2}",
        "what is {n1} squared minus {n2} squared", "multiply the matrices ({n4} {n3}) and ({n3} {n4})",
        "what is the determinant of {n4} {n3} {n4} {n2}", "what is the dot product of ({n3}, {n4}) and ({n4}, {n2})",
        "how do I prove that {n2} is not a perfect square",
        "how many zeros [has|are in] a [billion|trillion|googol|million million]", "what is infinity minus {n3}",
        "is 0.999 equal to 1", "divide {n2} by zero", "what is {n2} / 0", "interest on {n1} dollars at {n4}% for {n3} years",
        "if I save {n2} a month at {n4} percent, what do I have after {n3} years", "compound interest of {n4} % on {big}",
        "3 workers need {n2} days. How long do {n4} workers need", "what is i squared",
        "how many digits has {n3} to the {n2}"],
    "other units": [
        "how many {far} are {n2} {far2}", "convert {n2} {far} [to|into] {far2}", "{n2} {far} in {far2}",
        "{n1} {far} to [km|kg|metres|litres|grams]", "what [is|are] {n2} {far} in [kilometres|kilos|metric|SI units|litres]",
        "how many {far} are in a [mile|gallon|pound|yard|acre]",
        "how many {far} [make|are] {n2} [kg|km|litres|metres|centimetres]",
        "how much is a [kilo|litre|metre|kilometre] in {far}", "how tall is {n4} foot {n3} in [cm|metres|centimetres]",
        "{n4} ft {n3} in in cm", "is {n2} {far} more than {n3} {far2}",
        "how [hot|warm|cold] is {n2} degrees Fahrenheit in Celsius", "{n2} F to C", "{n2} C in Fahrenheit",
        "{n1} mph in km/h", "how fast is {n2} knots", "what size is a European {n2} in [US|UK] shoes",
        "how heavy is {n2} {far}", "how long is a {far}",
        "how many [bytes|megabytes|kilobytes] [are in|has] a [gigabyte|terabyte|megabit|floppy disk]",
        "what is a [lumen|furlong|decibel|hectopascal|parsec]", "how many [seconds|minutes] of music fit on {n1} megabytes",
        "how many grams is a [cup|tablespoon|pinch|stick] of [flour|sugar|butter|rice]",
        "how much does a litre of [milk|petrol|honey|mercury|sand] weigh",
        "how many square metres [is|are] {n4} [acres|hectares|football fields]", "what is {n2} km/h in metres per second",
        "how many ounces in {n3} pounds", "change {n3} {far} to {far2}",
        "how many kilowatt hours does a [fridge|lamp|television|kettle] use", "how many light seconds away is {sky}"],
    "times and calendars": [
        "what time is it {n3} [hours|minutes] after {hm}", "it is {hm}. What time [is it|will it be] in {n2} minutes",
        "how long is it from {hm} to {hm2}", "how many [hours|minutes] are there between {hm} and {hm2}",
        "{hm} plus {n2} minutes", "my [train|bus|film|flight|class] starts at {hm} and takes {n2} minutes. When does it end",
        "{hm} minus {n4} hours", "I slept from {hm} to {hm2}. How long was that",
        "the [meeting|movie|lesson|party] began at {hm} and ended at {hm2}. How long did it last",
        "what is {hm} in 24-hour time", "is {hm} [morning|evening|before noon|after {hm2}]",
        "how late is {hm} in [New York|{c}|UTC|local time]", "if it is {hm} in {c}, what time is it in {c2}",
        "what is the time difference between {c} and {c2}", "how many hours ahead of {c} is {c2}",
        "what time zone is used in {l}", "convert {hm} [EST|GMT|UTC|CET|PST] to {c} time", "when is it noon in {c}",
        "was {yr} a leap year", "is {yr} a leap year", "when is the next leap year",
        "how many leap years are between {yr} and {yr2}", "what [weekday|day of the week] was {mon} {day}, {yr}",
        "on which weekday [was|is] {mon} {day} {yr}", "what day was {mon} {day} in {yr}",
        "which day of the week was I born if I was born on {mon} {day}, {yr}", "when was Easter in {yr}",
        "on what date is [Easter|Ramadan|Thanksgiving|Diwali|Passover] in {yr}",
        "how many days [are there |]until [Christmas|my birthday|summer|{mon} {day}|New Year]",
        "how many days are between {mon} {day} and {mon2} {day}", "how many [days|weeks] are left in this year",
        "how old am I if I was born in {yr}", "what year in the Hebrew calendar is {yr}", "how many years ago was {yr}",
        "what century is {yr}", "which [century|decade] is the year {yr} in", "what week of the year is {mon} {day}",
        "what day of the year is {mon} {day}", "what is the zodiac sign for {mon} {day}", "which holidays are in {mon}",
        "is {mon} {day} a holiday in {l}", "what [Chinese zodiac animal|year of the dragon] is {yr}",
        "when does [summer|winter|spring|daylight saving time] [start|begin|end]",
        "how many [weekends|working days|Fridays|full moons] are in {mon} {yr}", "is {mon} {day} on a weekend in {yr}",
        "what happened on {mon} {day}", "who was born on {mon} {day}", "when does the sun [rise|set] on {mon} {day}",
        "when is sunset in {c}", "what was the date two years before {mon} {day}, {yr}", "write {day}/{n4}/{yr} as a date",
        "what is the Unix time of {mon} {day} {yr}", "what day is {n1} weeks and {n4} months from now",
        "my flight leaves {c} at {hm} and lands in {c2} at {hm2}, how long is it"],
    "money and prices": [
        "how much [is|are] {n1} {cur} in {cur2}", "{n1} {cur} to {cur2}", "convert {n1} {cur} into {cur2}",
        "what is the exchange rate of {cur} and {cur2}",
        "what does a [house|car|coffee|beer|haircut|ticket|loaf of bread] cost in {c}",
        "how much do they pay for a {f} in {l}",
        "what is the price of [a share of {comp}|an ounce of gold|a barrel of oil|one bitcoin]",
        "is {n1} {cur} [a lot|enough|too much] for a [bike|week in {c}|used car|dinner]",
        "how much should I tip on {n2} {cur}", "what is the tax on {big} {cur}",
        "how much does a [teacher|pilot|nurse|doctor|plumber] earn in {l}", "can I afford a {big} dollar [house|car|boat]",
        "what is my monthly payment for a loan of {big} {cur}", "should I invest {n1} {cur} in {comp}",
        "where can I buy a {w} for less than {n2} {cur}", "how much is my old {w} worth", "what was a dollar worth in {yr}",
        "which is cheaper, {f} or {f2}", "what is the minimum wage in {l}", "how much money is in my account",
        "make a payment of {n2} {cur} to {n}", "how rich is {n} {s}",
        "how much does it cost to [heat a house|raise a child|study in {l}|fly to {c}|ship a {w}]", "what coin has {p} on it",
        "what is the [revenue|market value|stock price] of {comp}", "give me a budget for {n1} {cur} a month",
        "what currency is used in {l}"],
    "games and riddles": [
        "let's play {game}", "play {game} with me", "how do I win at {game}", "what are the rules of {game}",
        "teach me {game}", "is {game} [hard to learn|for two players|older than {game2}]",
        "I play [e4|d4|Nf3|c4|rock|paper]. Your move", "what is the best [opening|move|strategy] in {game}",
        "how many [squares|cards|pieces|players|points] [are there|do I need] in {game}",
        "solve this [sudoku|crossword|puzzle|maze]", "guess [my|the] number between 1 and {n2}",
        "I am thinking of an animal, guess it", "throw the dice", "roll {n4} dice for me", "flip a coin",
        "pick a [card|number|color|winner|random name]", "give me a random number [up to {n1}|between {n4} and {n2}]",
        "give me a riddle", "what has {n4} legs in the morning and two at noon",
        "what has keys but [opens nothing|no locks|cannot open a door]", "what gets wetter the more it dries",
        "what has a neck but no head", "what goes up and never comes down", "why did the {animal} cross the road",
        "knock knock", "truth or dare", "which weighs more, a pound of feathers or a pound of {elem}",
        "what came first, the chicken or the egg", "a {animal} and a {animal2} must cross a river in one boat. How",
        "how many {animal}s fit in a [fridge|bus|car|box]",
        "if a plane crashes on the border of {l} and {m}, where do they bury the survivors",
        "how many animals did Moses take on the ark", "a rooster lays an egg on the roof. Which way does it roll",
        "what is in my [pocket|hand|left shoe]", "how can a man go {n3} days without sleep",
        "what can you break without touching it", "who is lying: the {w} or the {v}",
        "two fathers and two sons go fishing. How can it be three people", "what am I: I have cities but no houses",
        "who am I: I painted the {w} and lived in {c}", "checkmate in {n4}", "what is the score of our game",
        "tell me a brain teaser", "can you beat me at {game}", "hit me, I have {n3} in blackjack",
        "what is a full house in poker", "is a flush better than a straight"],
    "word play": [
        "does anything rhyme with {w}", "find [a rhyme|three rhymes|some rhymes] for {w}", "does {w} rhyme with {v}",
        "make an anagram of {w}", "is {w} an anagram of {v}", "what words can I make [from|with|out of] the letters {scr}",
        "unscramble {scr}", "unscramble the letters {scr}", "which word is hidden in {scr}",
        "crossword: {n4} letters, [river in {l}|Greek god|a kind of {v}|opposite of {w}]", "a {n4}-letter word for {w}",
        "give me a word [that starts|beginning] with {let}", "name {n4} words that end in {let}{let2}",
        "what word has the letters {let} and {let2} in it", "think of a word with {n3} letters",
        "how many syllables [has|are in|does] {w}", "split {w} into syllables", "where is the stress in {w}",
        "is {w} a palindrome", "name a palindrome", "what is {w} worth in Scrabble", "scrabble points for {w}",
        "{w} in Morse[ code|]", "write {w} in Morse code", "what does {mor} mean in Morse", "decode {mor}",
        "shift {w} by {n4} letters", "Caesar cipher {w} with key {n4}",
        "encode {w} in [base64|rot13|ASCII|braille|semaphore|hex]", "what is the ASCII code of {let}",
        "{w} in the NATO alphabet", "{w} in pig Latin",
        "write {w} in [Greek|Cyrillic|Arabic|sign language|hieroglyphs] letters", "how many vowels [are|are there] in {w}",
        "which letters of {w} are vowels", "remove the vowels from {w}", "how many consonants has {w}",
        "write {w} in capital letters", "what is the {n3}th letter of the alphabet",
        "which letter comes after {let} in the alphabet", "what number is the letter {let} in the alphabet",
        "replace {let} by {let2} in {w}", "swap the first and the last letter of {w}",
        "how many different letters are in {w}", "which letter is most common in {w}",
        "put the letters of {w} in alphabetical order", "what do {w} and {v} have in common",
        "which word is the odd one out: {words}", "make a sentence with the words {words}", "make a tongue twister with {w}",
        "turn {w} into {v} one letter at a time", "is {w} a real word", "combine {w} and {v} into one word",
        "which letters do {w} and {v} share", "sort {words} by [length|number of letters|meaning|size]",
        "write an acrostic for {w}", "what does {abc} stand for", "give me an acronym for {w}",
        "what is {w} without its [first|last] letter", "add an s to {w} and tell me the new meaning", "is it {w} or {w}e",
        "what emoji [means|is for] {w}"],
    "language": [
        "what is the plural of {w}", "plural of {w}", "synonym for {w}", "another word for {w}", "opposite of {w}",
        "what is the antonym of {w}", "past tense of {b}", "{b}, past tense",
        "what is the past participle of [go|swim|bring|lie|buy]", "conjugate [to be|to have|{b}] in {g}",
        "put the word {w} into {g}", "{w} in {g}", "{g} for {w}", "what's {g} for {w}", "count to {n3} in {g}",
        "what is {n2} in {g}", "say the numbers from 1 to {n3} in {g}", "what is Monday in {g}", "how do I write {n2} in {g}",
        "translate the list {words} into {g}", "is {w} masculine or feminine in {g}", "what part of speech is {w}",
        "use {w} and {v} in one sentence", "explain the word {w}", "is it a {w} or an {w}", "[a|an] {w}, which is right",
        "is {n} a name in {g}", "where does the name {n} come from", "what is the feminine form of {w}",
        "which word is spelled wrong: {words}", "put a comma in: {n} the {w} and the {v}",
        "make this [polite|shorter|formal|funny]: give me the {w}, {n}", "change to the passive: {n} {b}s the {w}",
        "what is the subject of {n} has a {w}", "finish the sentence: the {w} is", "what idiom has the word {w}",
        "what does it mean to [kick the bucket|spill the beans|break a leg|bite the bullet]",
        "how is {w} pronounced in [British|American|Scottish] English",
        "which words in {words} are [nouns|verbs|adjectives|plural]", "summarize: {n} had a {w}, then {n} lost it in {c}",
        "what is the moral of the story of the {w} and the {v}"],
    "general knowledge": [
        "name {n4} {group}", "list {n4} {group}", "list five {group}", "give me [a list of |some |ten |]{group}",
        "name [a few|some|two|seven] {group}", "what are the [three |five |ten |][best|biggest|oldest|most famous] {group}",
        "which of these is a [fruit|tool|bird|country|verb]: {words}",
        "which of these [can fly|is alive|is the heaviest|is edible|is not an animal]: {words}",
        "sort {places} by [population|size|area|wealth]", "order {places} from north to south",
        "which of {places} is [the biggest|in Europe|an island|the warmest]", "sort {words} by price",
        "put {people} in order of birth", "who lived first, {p} or {p2}", "rank {anims} by [speed|weight|size|age]",
        "which is the fastest: {anims}", "which of {anims} [is a mammal|lays eggs|can swim|lives longest]",
        "list all {group} that start with {let}", "a list of [all |]{group} in {l}, please",
        "how many {group} are there [in {l}|in the world|]",
        "which [is|was] the [first|largest|smallest|most expensive] of all {group}", "group these by kind: {words}",
        "what do {anims} have in common", "is a {animal} [a mammal|a bird|an insect|bigger than a {animal2}]",
        "how many legs has a {animal}", "how many [teeth|hearts|eyes|stomachs] does a {animal} have",
        "what [does a {animal}|do {animal}s] eat", "how long do {animal}s live", "what is a baby {animal} called",
        "what sound does a {animal} make", "where do {animal}s live", "which is heavier, a {animal} or a {animal2}",
        "who would win, a {animal} or a {animal2}", "can a {animal} [swim|fly|see in the dark|climb]",
        "how fast [is|runs] a {animal}", "is the {animal} extinct", "how do I [feed|catch|keep|train] a {animal}",
        "how often must I water a {plant}", "why are the leaves of my {plant} [yellow|brown|falling|curling]",
        "when [should I plant|does] a {plant}[ bloom|]", "is {plant} poisonous for [cats|dogs|children|horses]",
        "what is the [symbol|atomic number|melting point|boiling point] of {elem}", "is {elem} a metal",
        "how many protons has {elem}", "what is {elem} used for", "which element has the number {n2}",
        "balance the equation H2 + O2 = H2O", "what is the pH of [vinegar|milk|blood|{f}]", "how far away is {sky}",
        "how many moons has {sky}", "can I see {sky} tonight", "how long does it take to fly to {sky}", "how old is {sky}",
        "how much would I weigh on {sky}", "who is the [god|goddess] of [war|love|the sea|thunder|wisdom]", "who was {god}",
        "who is the [father|wife|son] of {god}", "what is the Greek name of {god}",
        "what do [Muslims|Hindus|Jews|Christians|Buddhists] believe", "what is the [third|fifth|seventh] commandment",
        "how many [gods|books|verses|apostles] are in {book}", "what is [Buddhism|stoicism|Taoism|the Trinity]",
        "what does the flag of {l} look like", "what is the anthem of {l}", "who [owns|founded|runs] {comp}",
        "where is {comp} based", "what does {comp} [make|sell|do]", "how many people work for {comp}",
        "is {comp} better than {comp2}", "what is the newest {comp} [phone|car|product|model]",
        "how does [inflation|a pension|the euro|a strike|the stock exchange] work", "who invented the {inst}",
        "how many [strings|keys|valves] has a {inst}", "how do I tune a {inst}", "is the {inst} hard to learn",
        "how many [players|points|rounds|halves] are in {sport}",
        "who won the [gold medal|world cup|championship] in {sport} in {yr}", "who is the best {sport} player",
        "what was the [score|result] of the {sport} [game|final] in {yr}", "how long is a {sport} [match|game|season]",
        "where were the Olympics of {yr}", "explain the scoring in {sport}", "which country is best at {sport}",
        "what is the world record in {sport}", "how do I get better at {sport}"],
    "people and works": [
        "who [directed|made|stars in|plays the lead in] {film}", "what is {film} about", "when did {film} come out",
        "how long is {film}", "is {film} worth watching", "how does {film} end", "how many Oscars did {film} win",
        "who wrote {book}", "what is {book} about", "how many pages has {book}", "what is the first line of {book}",
        "who dies in {book}", "how many chapters are in {book}", "which is better, {film} or {film2}",
        "who plays in {film} and {film2}", "when was {book} written",
        "sum up {book} in [one sentence|three lines|{n2} words]", "who wrote the music for {film}",
        "how many [films|novels|songs|operas] did {p} [make|write|leave]", "quote something from {book}",
        "what was {p}'s [first name|last word|job|wife called|greatest work]", "how many children had {p}",
        "how tall was {p}", "what year was {p} born in", "how many years did {p} live", "who was older, {p} or {p2}",
        "what did {p} say about {t}", "did {p} ever meet {p2}", "which actor was in {film}",
        "name the members of [the Beatles|Queen|Abba|the Rolling Stones|Pink Floyd]", "how many symphonies did {p} write",
        "who is on the cover of {book}"],
    "estimates": [
        "how heavy is [a {animal}|a bus|the earth|a grand piano]",
        "how much does a [baby {animal}|full bathtub|brick|piano|cloud] weigh",
        "how tall is [the Eiffel Tower|a {animal}|Mount Everest|a giraffe]",
        "how long does it take to [boil an egg|learn {g}|read {book}|walk to {c}|grow a {plant}]",
        "how many [hairs|stars|grains of sand|ants] are there [on a head|in the sky|on a beach]",
        "how far can a {animal} [jump|run|fly|swim]", "how deep is the [sea|Pacific|deepest lake|well]",
        "how many times does the heart beat in {n2} years",
        "how many people [are alive|fly every day|have ever lived|speak {g}]",
        "how many litres of water fit in a [pool|bathtub|lake|truck]", "how long would it take to count to {big}",
        "how many steps are [in|to] a [mile|the top of the tower|the moon]",
        "how fast does [hair|grass|a {plant}|a child] grow", "how many piano tuners are in {c}",
        "how long does [paint|a battery|milk|a light bulb|a {w}] last",
        "how much paint do I need for a room of {n3} by {n4} metres", "how many tiles cover {n2} square metres",
        "how many balloons lift a {animal}", "how many calories does an hour of {sport} burn", "how strong is a {animal}",
        "how loud is a [rocket|concert|{animal}|plane]", "how long is a piece of string",
        "how many breaths do I take in {n3} hours", "how hot is [lava|an oven|a flame|the desert]",
        "how big is a [football field|{animal}|{comp} store|city block]"],
    "travel": [
        "how big is the distance from {c} to {c2} in km", "how long is the drive from {c} to {c2}",
        "what is the distance by road between {c} and {c2}", "which train goes from {c} to {c2}",
        "I leave {c} at {hm}. When am I in {c2}", "when does the next [train|bus|plane|ferry] to {c} leave",
        "book a [flight|seat|hotel] to {c} for {mon} {day}", "find a flight from {c} to {c2} under {n1} {cur}",
        "plan {n4} days in {c}", "what can I see in {c} in {n4} hours", "what should I pack for {c} in {mon}",
        "is {c} safe at night", "what is the best month to visit {l}", "do I need {cur} in {l}",
        "how much is a taxi from the airport in {c}", "which gate is flight {n1}",
        "two trains start in {c} and {c2} at {hm}, where do they meet", "how many miles is a trip from {l} to {m} and back",
        "how much fuel do I need for {n1} km", "can I drive from {l} to {m}", "what is the dialing code of {l}",
        "which side of the road do they drive on in {l}", "what power plug is used in {l}",
        "how do I get from the station to the museum in {c}", "what is the postcode of {c}",
        "how late do the shops open in {c}", "cheapest way to {c}", "hotels in {c} for {n4} people"],
    "cooking": [
        "how much flour do I need for {n3} portions of {f}", "a recipe for {f} for {n4} people",
        "recipe with {n4} eggs and {n1} grams of flour", "how long do I boil {n4} eggs",
        "I have {n4} eggs, {f} and milk. What can I cook", "bake {f} at {n1} degrees for how long",
        "double the recipe for {f}", "how many grams of salt for {n3} litres of soup",
        "how many people can eat {n3} kg of {f}", "how much rice per person", "what is the ratio of water to rice",
        "how many calories are in {n1} grams of {f}", "is {n4} day old {f} still good", "what are the ingredients of {f}",
        "can I bake {f} without [an oven|eggs|sugar|yeast]", "what spices [go|belong] in {f}", "list the ingredients for {f}",
        "make a shopping list for {f}", "what wine for {f}", "who invented {f}", "how spicy is {f}", "is {f} from {l}"],
    "code": [
        "what does x = {n3} * {n4} do in {y}", "what is the output of print({n3} + {n4})",
        "what does for i in range({n3}) do", "write a loop from 1 to {n2} in {y}", "write FizzBuzz in {y}",
        "how do I round {n2}.{n1} in {y}", "what is [error|code|status|port] {n1}", "what does HTTP {n1} mean",
        "index {n4} is out of range, why", "SELECT * FROM {w}s WHERE id = {n3}", "how many bits has an int in {y}",
        "write a function that [adds|sorts|counts|reverses] {words} in {y}", "{y} code for the primes up to {n1}",
        "give me a one-liner to reverse a string",
        "what is the time complexity of [sorting|binary search|a hash table|quicksort]", "what is {n3} << {n4}",
        "{n3} xor {n4}", "what is the md5 of {w}", "is len({w}) in {y} {n4}", "how do I parse {hm} in {y}",
        "git says error {n3}", "def f(x): return x * {n4}. What is f({n3})", "which port does [ssh|http|mysql|ftp] use",
        "what version of {y} is the newest", "explain this regex: {let}+{let2}*"],
    "health": [
        "how many [pills|tablets|drops] of {med} [can|may|should] I take", "is {n1} mg of {med} too much",
        "can I take {med} with [alcohol|{f}|coffee|ibuprofen]", "my temperature is {n2}, is that a fever",
        "my blood pressure is {n1} over {n2}, is that bad", "I weigh {n1} kg and am {n1} cm tall, what is my BMI",
        "how many hours should a {n3} year old sleep", "what are the side effects of {med}",
        "I am {n2} weeks pregnant, can I eat {f}", "my {animal} ate {f}, is it dangerous", "how many steps a day are healthy",
        "what is a normal pulse at {n2}", "I took {n3} {med} by mistake", "is {med} safe for a child of {n4}",
        "how do I lose {n3} kilos in {n4} weeks", "I have had {h} for {n4} days", "a snake bit me",
        "how do I stop the bleeding", "someone fainted, what now", "how much {med} is deadly",
        "what can I mix to make a poison", "how do I make a bomb", "which mushrooms can I eat", "does {med} expire",
        "who can I call when I feel like dying", "what are the signs of a stroke"],
    "law and politics": [
        "is it legal to {b} a {w} in {l}", "can I be fired for being {n2} minutes late",
        "how long is the prison term for [theft|fraud|perjury|arson]", "at what age may I [vote|drive|marry|drink] in {l}",
        "how many [seats|votes|senators] are in the parliament of {l}", "who should I vote for",
        "which party is best for [taxes|jobs|schools|farmers]", "do I have to pay the fine of {n1} {cur}",
        "what does article {n2} of the constitution say", "how do I write a will",
        "my landlord keeps my deposit, what can I do", "can my neighbor build a wall of {n4} metres",
        "what is the speed limit in {l}", "how do I get [a divorce|a patent|a passport|citizenship in {l}]",
        "what are my rights [at work|as a tenant|at the airport|in court]", "how do I pick a lock",
        "how do I get into {n}'s account", "how do I cheat in an exam",
        "where can I buy a [gun|fake passport|stolen phone|drug]", "how are laws made in {l}",
        "should {l} leave the [union|war|euro|pact]", "is {p} to blame for the war",
        "what is [socialism|a veto|a coalition|the Senate|a tariff]", "how much tax do I pay in {l}", "copyright of {book}",
        "how many members has the [EU|UN|G20|NATO]"],
    "personal questions": [
        "where do I live", "how old am I", "when is my birthday",
        "what did I [eat|do|say|buy] [yesterday|last {d}|this morning|today]",
        "what is my [phone number|password|job|favorite {w}]", "where did I put my [keys|phone|glasses|wallet]",
        "what am I thinking", "what color are my eyes", "how many [friends|children|brothers] do I have",
        "am I [taller|older] than {n}", "does {n} like me", "where is {n} now", "why is {n} angry with me",
        "what is {n}'s [address|birthday|age|email]", "who is my [boss|doctor|best friend|teacher]", "what am I wearing",
        "how much do I earn", "what is my [IP address|blood type|shoe size|star sign]",
        "what is in my [mail|bag|calendar|fridge]", "what do I have to do [today|on {d}|at {hm}]",
        "did I [lock the door|pay the rent|call {n}|take my pills]", "am I a good person",
        "will I [be rich|find love|pass the exam|get the job]",
        "who will win [on {d}|the election|the {sport} final|tomorrow]",
        "predict [my future|the lottery numbers|next year|the weather on {mon} {day}]",
        "what will the world be like in {yr2}", "when will I die", "what is my horoscope for {d}"],
    "images, sounds and deeds": [
        "set an alarm for {hm}", "let the alarm and the timer ring at {hm}", "set a timer for {n2} minutes",
        "set a reminder in {n3} [minutes|hours|days] to [call {n}|buy {f}|water the {plant}]",
        "start a countdown from {n3} seconds", "put a meeting on {d} at {hm} in my calendar", "call {n1} {n1}",
        "send a text message to {n} that I am {n2} minutes late", "send {n} an email about {t}",
        "send {n} a payment of {n1} {cur}", "play {film}", "play the {inst}", "play some {sport} news",
        "play song number {n4}", "volume up by {n3}", "turn the heating to {n2} degrees", "dim the lights to {n2} percent",
        "order {n4} pizzas", "buy {n4} tickets for {film}", "book a table for {n4} at {hm}", "reserve {n4} seats on {d}",
        "print {n3} copies", "print page {n3}", "open page {n2}", "open {w}.txt", "delete the file {w}",
        "rename {w}.pdf to {v}.pdf", "save this as {w}", "copy this to my desktop", "read out page {n2}", "read this aloud",
        "what is in this image", "describe the photo", "how many people are in the picture",
        "what does the sign in the photo say", "sketch a {animal}", "draw a {shape} with {n4} sides", "draw {n4} {animal}s",
        "make a logo with a {animal}", "hum the tune of {film}", "make the sound of a {animal}", "record my voice",
        "transcribe the audio", "scan this code", "take {n4} pictures", "crop the image to {n1} by {n1}",
        "resize the photo to {n1} pixels", "zoom in", "scroll down", "go to {w}.com", "google {comp}",
        "find {n4} shops that sell {f}", "check my mail", "log me in", "shut down the computer",
        "count the [cars|people|trees|birds] in this picture", "what song is this", "show me a map of {l}", "where am I",
        "show my last {n3} messages", "post this on my page", "paint it {n4} times larger"],
    "advice and opinions": [
        "what is your lucky number", "is {n2} your favorite number", "what do you think of the number {n2}",
        "is {n2} too old to [learn the {inst}|start {sport}|marry|change jobs]", "should I learn the {inst} or the {inst2}",
        "which {animal} would you be", "do you prefer {f} or {f2}", "would you rather be a {animal} or a {animal2}",
        "rate my [poem|haircut|idea|outfit] from 1 to {n3}", "is {n1} {cur} a fair price",
        "I have {n4} job offers, which should I take", "my {animal} died", "I failed my exam", "my girlfriend left me",
        "I am {n2} and still single", "nobody likes me", "how do I ask {n} out", "which color suits me",
        "should I buy the {comp} or the {comp2} phone", "is {l} nicer than {m}", "which {sport} team do you support",
        "who do you think will win", "how do I stop thinking about {n}",
        "give me {n4} reasons to [get up|learn {g}|visit {l}|stop smoking]", "give me {n4} tips for {t}",
        "pros and cons of {t}", "what are the {n4} best {w}s", "name a good gift for a {n3} year old",
        "convince me that {t} is good", "do {animal}s go to heaven", "is it better to be rich or happy", "what would {p} do",
        "do you dream", "can machines think", "are humans good", "is {god} real", "will robots take our jobs"],
    "writing": [
        "write {n4} lines about {t}", "write {n1} words on {t}", "a {x} with {n4} verses",
        "write a {x} about a {animal} and a {animal2}", "a {x} about the number {n2}", "give me {n4} titles for a {x}",
        "rhyme something with {w}", "list {n4} ideas for a {x}", "write a letter to {n} dated {mon} {day}",
        "write an email asking for {n4} days off", "make this text {n2} words long", "a limerick about {c}",
        "a story with the words {words}", "write like {p}", "write an ad for {comp}", "write a {x} for {n}'s {n2}th birthday",
        "give me {n4} jokes", "the one about the {animal}", "a joke with a {animal} in it",
        "write the next chapter of {book}", "a new ending for {film}", "turn {words} into a story",
        "name my [{animal}|boat|band|shop]", "suggest {n4} names for a {animal}", "a motto for {comp}",
        "write the lyrics of a song on {c}", "outline an essay on {t} in {n4} points",
        "write a dialogue between {p} and {p2}"],
    "something else": [
        "now make it rhyme", "translate that into {g}",
        "make it [funnier|shorter and sadder|more polite|sound like {p}]", "explain it like I am {n4}",
        "explain that in more detail", "in {g}, please", "and what about {l}", "give me {n4} more examples of it",
        "what did you mean by {w}", "who told you that", "show me a picture of it", "send it to {n}", "print it",
        "use a table for it", "add some emojis", "who said that first", "what is your source for that",
        "tell me more about the second one", "is there a cheaper one", "can you do it in {y}",
        "what does that have to do with {t}", "why is it called a {w}", "and who invented it", "where can I read more",
        "write it in the style of {p}", "how does a {w} differ from a {v}", "what is a {w} {v}", "who put the {w} in the {v}",
        "how many {w}s fit into a {v}", "what is {n3} {w}s in {v}s", "is {n2} a good {w}", "what is the {w} number of {c}",
        "which {w} has {n4} {v}s", "how many {v}s has a {w}", "what does {n1} mean on my {w}",
        "what is special about [{n1}|{mon} {day}|{yr}|the number {n2}]",
        "why is {n2} [an unlucky|a holy|a lucky|my favorite] number", "my {w} shows {n2}, what is wrong",
        "what {w} goes with {f}", "how do I {b} {n4} {w}s at once", "what {w} costs {n2} {cur}", "where is my {n4}th {w}",
        "why does my {animal} {b} the {w}", "which {w}s are made in {l}", "what happened to the {w} of {c}",
        "does {n} {s} have a {w}", "when will the {w} be {v}", "is the {w} at {hm} [open|late|full|safe]",
        "what do you call a {w} with a {v}", "which {comp} {w} should I get", "does it matter if the {w} is {n2} years old",
        "where does the {w} in {c} stand", "what was in the {w} of {god}", "who is on the {n3} {cur} note",
        "what is the number of the [police|fire brigade|nearest taxi|{w} shop]", "how many {w}s did {p} own",
        "what size of {w} do I need for a {n3} year old", "is a {n4} metre {w} too big for my {v}",
        "what is the model number of my {w}", "which bus stops at the {w}"],
}
for _k, _v in MORE_OUT.items():
    OUT[_k] = OUT.get(_k, []) + _v
# Topics that most resemble the tasks, asked more often.
NEAR = ["higher mathematics"] * 4 + ["word play"] * 2 + ["times and calendars"] * 2 + ["general knowledge"] * 2 + ["other units",
    "language", "something else", "something else"]
PHRASES = "hello|good morning|thank you|I love you|the cat|water|my name is Anna|how are you|goodbye|good luck|the red house|excuse me|happy birthday|one beer please".split("|")
FULL_CAN = ["For this, load " + FULL + ".", "The full model, " + FULL + ", can help."]


WH = set("""what which who whose whom when where why how is are am was were do does did can could should shall will would may
might has have had in on at from if two three""".split())
DO = set("""name list give tell write draw make set call send play find convert solve calculate add sort order rank put explain
translate show book remind describe plan suggest compose conjugate count say use simplify round turn open read paint teach plot
split shift encode decode unscramble search print reserve buy predict expand differentiate summarize wake text take""".split())


def form(g):
    """What can be said around the phrase: as a question, an order or a few words."""
    w = g.replace("[", "").replace("|", " ").replace("]", " ").split()[0].lower()
    return "do" if w in DO else "wh" if w.rstrip(",") in WH or w.startswith(("what's", "who's")) else "bit"


def clock(r):
    h, m = r.randint(1, 23), r.choice([0, 5, 10, 15, 20, 25, 30, 40, 45, 50, 55, r.randint(0, 59)])
    return r.choice(["%d:%02d" % (h, m), "%d:%02d" % (h, m), "%02d:%02d" % (h, m),
                     "%d:%02d %s" % (h % 12 or 12, m, r.choice(["am", "pm"])), "%d %s" % (h % 12 or 12, r.choice(["am", "pm"])),
                     r.choice(["half past ", "quarter past ", "quarter to ", "ten to ", "twenty past "]) +
                     r.choice("one two three four five six seven eight nine ten eleven".split())])


def roman(n):
    out = ""
    for v, c in zip((1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1), "M CM D CD C XC L XL X IX V IV I".split()):
        out, n = out + c * (n // v), n % v
    return out


MORSE = dict(zip("abcdefghijklmnopqrstuvwxyz", """.- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... -
..- ...- .-- -..- -.-- --..""".split()))


def several(r, words, a=3, b=5):
    return r.choice([", ", ", ", ", ", " ", " / ", " and "]).join(way(r, words) for _ in range(r.randint(a, b)))


def scrambled(r):
    w = list(r.choice(WORDS))
    r.shuffle(w)
    return r.choice(["", "", " ", "-", ", "]).join(w)


# "How many letters has a shop" would be one of the tasks.
SUBJECTS = [w for w in WORDS if w not in ("letter", "word", "number")]
# Slots: how each is filled.
FILL_WITH = dict(
    n1=lambda r: number(r, 2, 3), n2=lambda r: r.randint(10, 99), n3=lambda r: r.randint(2, 20), n4=lambda r: r.randint(2, 9),
    big=lambda r: number(r, 4, 6), yr=lambda r: r.randint(1850, 2030), yr2=lambda r: r.randint(1950, 2060), hm=clock, hm2=clock,
    mon=lambda r: r.choice(MONTHS), mon2=lambda r: r.choice(MONTHS), day=lambda r: r.randint(1, 28),
    bin=lambda r: bin(r.randint(4, 200))[2:], rom=lambda r: roman(r.choice([r.randint(4, 99), r.randint(100, 2030)])),
    nums=lambda r: r.choice([", ", ", ", " "]).join(str(number(r, 1, 2)) for _ in range(r.randint(3, 6))),
    let=lambda r: r.choice("abcdefghijklmnoprstuvw"), let2=lambda r: r.choice("abcdefghijklmnoprstuvw"),
    words=lambda r: several(r, WORDS if r.random() < .6 else ANIMALS),
    places=lambda r: several(r, PLACES if r.random() < .6 else CITIES),
    people=lambda r: several(r, PEOPLE, 3, 4), anims=lambda r: several(r, ANIMALS, 2, 4), scr=scrambled,
    mor=lambda r: " ".join(MORSE[c] for c in r.choice(WORDS)[:5]),
    abc=lambda r: "".join(r.choice("ABCDEFGHIKLMNOPRSTUVW") for _ in range(r.randint(2, 4))),
    c2=lambda r: way(r, CITIES), f2=lambda r: way(r, FOOD), p2=lambda r: way(r, PEOPLE),
    **{k: lambda r, v=v: way(r, v) for k, v in dict(
        film=FILMS, film2=FILMS, book=BOOKS, comp=COMPANIES, comp2=COMPANIES, animal=ANIMALS, animal2=ANIMALS, plant=PLANTS,
        sport=SPORTS, game=GAMES, game2=GAMES, inst=INSTRUMENTS, inst2=INSTRUMENTS, elem=ELEMENTS, cur=MONEYS, cur2=MONEYS,
        far=FARUNITS, far2=FARUNITS, god=GODS, shape=SHAPES, med=MEDICINES, sky=SKY, group=GROUPS).items()})


def topic_question(r, k=None):
    k = k or r.choice(list(OUT) + ["something else", "something else"] + NEAR)
    g = way(r, OUT[k])
    fill = dict(p=way(r, PEOPLE), l=way(r, PLACES), m=way(r, PLACES), c=way(r, CITIES),
                t=way(r, THINGS), u=way(r, THINGS), w=r.choice(SUBJECTS), v=r.choice(SUBJECTS), y=way(r, CODE),
                z=way(r, CODE),
                x=way(r, WRITING if k == "writing" else DOING), q=way(r, PHRASES), g=way(r, LANGUAGES),
                h=way(r, HEALTH), f=way(r, FOOD), n=r.choice(NAMES), s=way(r, SURNAMES), d=r.choice(DAYS),
                b=way(r, VERBS))
    for slot, f in FILL_WITH.items():
        if "{%s}" % slot in g:
            fill[slot] = f(r)
    if k == "higher mathematics":
        a, b, c = r.randint(2, 9), r.randint(1, 20), r.randint(5, 60)
        fill.update(z=number(r, 1, 3), j=r.randint(2, 90), i=r.randint(2, 9),
                    e=r.choice(["%dx + %d = %d" % (a, b, c), "x^2 = %d" % c, "%dx - %d = %d" % (a, b, c),
                                "x + %d = %d" % (b, c), "x^2 + %dx + %d = 0" % (a, b), "%dx = %dx + %d" % (a + 3, a, b),
                                "%d - x = %d" % (c, b), "%d + x = %d" % (b, b + c), "%d*x = %d" % (a, a * b),
                                "x/%d = %d" % (a, b), "%d(x + %d) = %d" % (a, b, c), "x^3 = %d" % a ** 3,
                                "%dy - %d = y" % (a, b), "2^x = %d" % 2 ** a]),
                    k=r.choice(["x^%d" % a, "sin x", "e^x", "ln x", "x^3 + %dx" % b, "%d/x" % a, "cos(%dx)" % a,
                                "%dx^2 + %dx" % (a, b), "tan x", "sqrt(x)", "%d^x" % a, "x^2 - %d" % c, "(x + %d)^2" % a]))
    return ask(r, **{form(g): [g]}, **fill) if r.random() < .6 else bare(r, g, fill), k


def bare(r, g, fill):
    q = say(r, g, **fill)
    end = r.choice(["?", "?", "", "."]) if form(g) == "wh" else r.choice([".", "", "", "?" if form(g) == "bit" else "!"])
    return (q[:1].upper() + q[1:] if r.random() < .8 else q) + end


def refusal(r, k):
    if k == "something else":
        a = r.choice(["I cannot help with that. I only do %s. ", "Sorry, that is beyond me: I only do %s. "]) % CAN
    else:
        a = r.choice(["I cannot help with %s. I only do %s. ", "Sorry, %s is beyond me: I only do %s. "]) % (k, CAN)
    return a.replace(" is beyond", " are beyond") if k.endswith("s") and k != "higher mathematics" else a


def t_outside(r):
    q, k = topic_question(r)
    return S("outside", q, ["this is about " + k, "not one of my tasks"], refusal(r, k) + r.choice(FULL_CAN),
             ["cannot help", "beyond me"])


TASKS = [(t_outside, 30)]
