"""How one asks others to share something in Swedish."""

from bot.posts.share_words.language import Language

SWEDISH = Language(
    share=(
        "dela | vidarebefordra | vidareförmedla",
        "dela | vidarebefordra | vidareförmedla",
        "delar/delade/delat | vill/kan/ville/kunde dela | skulle vilja dela",
    ),
    spread=("sprid/sprida", "sprida/sprid", "sprider | vill/kan sprida"),
    send=("skicka", "skicka", "skickar"),
    tell=("tipsa/berätta", "tipsa/berätta", "tipsar/berättar"),
    ask="""
        vänligen | snälla | så/och/men | hej | ps/obs/psst | tack | kära läsare
        | var (så) snäll/snälla/schysst och | du/ni | nu | ja | hjälp oss och | kom igen och | passa på och
        | gärna | please | gör gärna slag i saken och
        """,
    ask_to="""
        (och/men) glöm (nu/då/heller) inte (heller/bort) (att) | (och/men) (inte) glöm inte (att)
        | (och/men) kom ihåg att | missa inte att | får du/ni (mycket/jätte) gärna/jättegärna
        | (du/ni/alla) får (mer/jätte/väldigt/hemskt/även/också) (än) (jätte) gärna/jättegärna
        | (du/ni) får (så) gärna | (du/ni) är … välkommen/välkomna (att/till) (att)
        | känn dig/er (helt) fri/fria att | hjälp (gärna) … (att/till/med/genom) (att)
        | vi/jag uppmanar/ber/uppmuntrar … att | tveka inte (att) | passa (gärna) på (och) att
        | använd/klicka/tryck … för att | vi/jag hoppas (att) du/ni/fler/många (också) vill/kan
        | bidra (gärna) (till/genom/med) att | bidra (gärna) till … genom att | stöd/stötta … genom att
        | var inte rädd/rädda för att | (det) är (helt) fritt fram att | fritt fram att | ta dig … att
        | se (gärna) till att | gör … tjänst och | var (så) snäll/snälla/vänlig/vänliga att
        """,
    may="""
        kan/vill/skulle du/ni (kunna/vilja) (också/gärna/tänka) (dig) (att) | har du/ni lust/möjlighet att
        | (här/nu) kan du/ni (också/även/enkelt/lätt) | du/ni kan (också/även/enkelt/lätt/själv)
        | önskar du/ni (att) | orkar du/ni | lust att | alla bör/borde
        """,
    glad="""
        uppskattar/tacksamma/tacksam/tacksamt/glada/glad/jätteglada/kul/roligt/fint/toppen/bra/härligt
        | snällt/underbart/hoppas/tack | stort/tusen tack | hjälper/bidrar/stöder/stödjer/betyder
        """,
    if_you="om/att/ifall/när/för (att) du/ni/fler/flera/många/alla | alla/er/till som",
    passive="""
        får/kan (mer/väldigt) (än) gärna/fritt/jättegärna delas/spridas | delas/sprids gärna
        | får gärna vidarebefordras | kan/får delas/spridas fritt/vidare/gärna
        """,
    you="du/ni/dig/din/dina/era/er",
    no="inte/aldrig",
    forget="glömma/tveka/missa",
    adverb="""
        tillsammans | gärna/också/även/vidare/nu/fritt/bara/idag/jättegärna/vänligen/genast/igen/då/själv | mer än gärna
        | hemskt/väldigt gärna | i dag | för all del | med glädje | med dig/er (gärna) av
        """,
    this="detta/denna/dessa (här) | det/den/de här/där",
    that="detta/denna/dessa/den/det/de (här/där)",
    nouns="""
        *artikeln/artiklarna/nyheten/nyheterna/*inlägget/inläggen/historien/berättelsen/storyn/texten
        | sidan/webbsidan/länken/budskapet
        | *meddelandet/informationen/infon/inbjudan/intervjun/krönikan/reportaget/notisen/posten
        | bloggposten/guiden/receptet/annonsen/nyhetsbrevet | tipsen/råden/utlysningen/platsannonsen
        | evenemanget/eventet/möjligheten/tjänsten/*hälsningen/kampanjen/videon/filmen/avsnittet/podden
        | programmet
        """,
    bare_nouns="""
        *artikel/nyhet/nyheter/*inlägg/historia/historien/berättelse/story/text/sida/länk/budskap
        | *meddelande/information/info/inbjudan/intervju
        | krönika/reportage/notis/*post/guide/recept/annons/tips/råd/utlysning
        | evenemang/event/möjlighet/tjänst/*hälsning/kampanj/video/film/avsnitt/podd
        """,
    our="vår/vårt/våra",
    it="den/det/dem",
    word="ordet | budskapet | det goda/glada budskapet",
    with_="med/till/bland",
    on="på/i/via/genom/över",
    onwards="vidare/runt",
    people="""
        *nätverk/nätverket/vän/vänner/vännen/vännerna/väninna/väninnor/kompis/kompisar/kollega/kollegor
        | kollegan/kollegorna/kolleger/andra/fler/flera/alla
        | någon/några/familj/familjen/bekant/bekanta/följare/medlemmar/medarbetare/grannar/grannen/många
        | dem/dom/folk/världen/vänkrets/branschen | chefen/ledningen/styrelsen/teamet
        """,
    us="oss/mig/dig/varandra/varann/redaktionen/gruppen/klassen/bänkgrannen",
    press="""
        tryck/klicka/använd (gärna) (på) dela-knappen/delaknappen/delningsknappen/delningsknapparna
        | tryck/klicka (på) dela
        """,
    about="om",
    so="så/för/eftersom/då",
    and_="och/o/&",
    engage="""
        gilla/gillar/kommentera/läs/följ/tagga/spara/prenumerera/klicka/tryck/se/titta/lyssna/ladda
        | använd/kopiera/engagera/rösta | kom/bli/var/anmäl/skriv/ta
        """,
    if_="""
        om/ifall/när/gillade/gillar/tycker/tyckte/känner/hittade/lärde/håller/har/är/var/vet/vill/för/så
        | eftersom/blev/behöver
        """,
    on_with="""
        med/till/på/i/via/genom/över/bland/hos/vid/så/för/om/ifall/och/eller/eftersom/då/när/här/nedan
        | under/där/tack/annars/nu/också/runt/vitt | vidare/som/gärna/redan
        """,
    not_so="""
        med/till oss/mig/dig/varandra/varann/redaktionen/läraren/klassen/gruppen
        | i två/tre/fyra/fem/flera/mindre/små/delar/grupper/bitar/helklass/klassen
        | i kommentarsfältet/kommentarerna/avsnitt/kapitel
        | i … grupper/delar/bitar | på/under mötet/träffen/mitten/seminariet/kursen
        """,
    said="säger/sa/sade/berättar/berättade/skriver/skrev/menar/lyder/löd/heter/uppmanar",
    what="vad/hur/vem/vilka/vilken/var/varför",
)
