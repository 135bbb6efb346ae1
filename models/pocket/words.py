"""Words that the tasks are made of.  None of them is kept back: new words come from word()."""

WORDS = """
actor address adventure air airport algebra almond anchor animal ant antelope apple arm arrive
art artist assess autumn baby backpack badger bag bake baker balance balloon banana bark basket
bat beach beak bean bear beaver bed bee beetle begin belt bicycle biology birch birthday black
blue boat book bookkeeper boot bottle bowl box brake branch bread break bridge bring broom
brother brown brush bubble bucket buffalo build building bull bus business butcher butter
butterfly button buy cabbage cabin cake camera camp candle candy canvas captain car carpenter
carpet carrot carry cart castle cat cave cedar chair cheese chemistry cherry chicken chocolate
church cinnamon circle claw clean cliff clock close cloud clover coast coconut coffee coin color
comet committee computer cook cookie corn corner cottage couch cousin cow crayon cream cricket
crow cry cup curtain daisy dance dancer dark deer desert difference doctor dog dolphin donkey
dough dragon dragonfly dream drill drink driver drop drum duck dwarf eagle ear eat egg elephant
empty energy engine engineer envelope eraser evening exam excellent eye falcon family farm
farmer father feather fern field fig find finger finish flame flour flute follow forest fork fox
friend frog full funny fur galaxy garden gardener garlic geography geometry giant ginger giraffe
give glass glitter glove goat goose grape grass grasshopper green guitar gull hammer hamster
happy harbor hat hawk hazel heart heavy hedgehog hello helmet hill history hold holiday honey
horn horse house ice ink insect internet iron island jacket jam jelly jellyfish journey juice
jump jungle kangaroo keep kettle key keyboard king kitchen kiwi knife knight ladder lamb lamp
language large laugh laughter lawyer lead leaf learn leave leg lemon leopard letter lettuce
library light lightning lily lime line lip listen little lizard lobster lollipop lose lotus
mammal mango map maple marker market meadow melody melon middle midnight milk mirror mississippi
money monitor monkey moon moose morning moss mother mountain mouse move movie museum music
mystery nail nature necessary necklace needle neighbor nest network newt night number nurse nut
oak ocean octopus office oil onion open orange orchestra orchid ostrich otter owl oyster page
paint painter palace panther papaya paper parallel parrot party pasta paw peach peacock peanut
pear pebble pen pencil penguin pepper pepperoni phone photo physics piano picture pie pig pigeon
pillow pilot pine pink pirate pizza planet plate play plum plumber pocket poem possess postcard
potato present price princess printer program pull pumpkin purple push puzzle quarter queen
quiet rabbit radio rain rainy rat read red rest return rhythm ribbon rice ring river robin
rocket rooster root rope rose round rubber ruler run sail sailor salad salt sandal saw scale
scarf school science screw sea seal secret seed sell send shark sheep shelf shell ship shirt
shoe shop short signal silver sing singer sister sky sleep small smile snake snow soap sofa
soldier song soup sparkle sparrow speak spice spider spinach sponge spoon spring square squirrel
stamp star start station stay stop store storm story strawberry street student study succeed
success sugar summer sun sunny sunrise sunset swan sweater swim table tail take tall tart tattoo
tea teach teacher temple tennessee tent test think thunder ticket tiger toad toe toffee tomato
tomorrow tooth towel tower train treasure trousers truck trumpet trunk tulip tunnel turkey turn
turtle umbrella uncle under universe valley vanilla velvet village violet violin visitor wagon
wake walk wallet walnut wash wasp watch water whale wheat wheel whisper whistle white willow win
window windy wing winter wizard wolf word work world write writer yard yellow yogurt zebra zero
zipper
""".split()

NAMES = """Anna Ben Clara David Emma Felix Grace Hugo Ida Jack Kate Leo Mia Noah Olga Paul Rosa Sam Tom
Uma Vera Will Yara Zoe Lena Max Nina Oscar Peter Sara Adam Bella Carl Diana Eric Fiona George Hannah
Ian Julia Kevin Laura Mark Nora Oliver Paula Quinn Robert Susan Tim Ursula Victor Wendy Xavier Alice
Bob Cathy Dan Eva Frank Gina Henry Iris John Karen Lily Martin Nick Pia Ralf Sofia Theo Vince Ann Joe
Mary Lisa Rick Jane Amy Luke Ella Finn Ruth Ali Omar Aisha Chen Priya Ravi Yuki Maria Pedro""".split()
ITEMS = """apples books coins pencils marbles stickers cookies cards eggs flowers stamps balls cups plates
shells stones keys candles ribbons buttons pears oranges lemons sweets toys pens bottles tickets photos
tomatoes carrots cakes chairs bricks beads badges nails plums nuts letters bags hats socks shirts fish
chickens cows sheep dollars euros points leaves seeds bananas muffins candies pages""".split()
PLACES = """box bag basket jar bowl drawer shelf crate pack row bus tray pile tin bucket table group class
room car boat carton vase stand""".split()
CITIES = """Paris London Berlin Rome Madrid Oslo Vienna Cairo Tokyo Lima Dublin Athens Prague Warsaw Lisbon
Boston Delhi Sydney Toronto Geneva Milan Zurich Hamburg Munich Naples Porto Seville Kyoto Seoul Manila
Nairobi Quito Havana Austin Denver Seattle Chicago Dallas Leeds Bristol""".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = """January February March April May June July August September October November December""".split()
LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def number(r, a, b):
    """A number of a to b digits."""
    n = r.randint(a, b)
    return r.randint(10 ** (n - 1) if n > 1 else 0, 10 ** n - 1)


def made_up(r):
    c, v = "bcdfghjklmnprstvwz", "aeiou"
    return "".join(r.choice(c) + r.choice(v) + (r.choice(c) if r.random() < .4 else "")
                   for _ in range(r.randint(2, 3)))


def word(r):
    return made_up(r) if r.random() < .2 else r.choice(WORDS)
