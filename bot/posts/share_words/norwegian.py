"""How one asks others to share something in Norwegian; people mix its two forms, so they are one language here."""

from bot.posts.share_words.language import Language

NORWEGIAN = Language(
    share=(
        "del | videresend/vidaresend | videreformidle/videreformidl",
        "dele/dela | videresende/vidaresende | videreformidle",
        "deler/delar/delte | (gjerne) vil/kan/kunne/ville dele/dela | videresender | videreformidler",
    ),
    spread=("spre/spred/sprei", "spre/spreie/spreia", "sprer/spreier | vil/kan spre/spreie"),
    send=("send", "sende", "sender"),
    tell=("tips/fortell", "tipse/fortelle/tipsa/fortelja", "tipser/forteller"),
    ask="""
        vennligst | og | så | men | hei | ps/nb/psst | husk/hugs | takk | tusen takk
        | vær/ver (så) snill/snille og | hjelp oss og | kjære leser/lesar/lesere/lesarar | please | bare/berre
        | da | ja | nå/no | du/dere/de | kom igjen/an | og/så/men gjerne | vær/ver med og | gjerne
        | slå et slag for saken og | oppfordring
        """,
    ask_to="""
        (og/men) (ikke/ikkje) glem/gløym (nå/no/da) (ikke/ikkje) å
        | (og/men) husk/hugs (også/da/endelig/gjerne/alltid) å
        | (du/dere/de/alle) må (veldig/svært/mer) (enn) (også) gjerne | (du/dere/de) kan (veldig/mer) (enn) gjerne
        | føl deg/dere (helt) fri til å | vær/ver (så) snill/vennlig/grei (og) å
        | må/kan du/dere (veldig) gjerne | (vi/jeg) oppfordrer/oppmodar … til/om å | hjelp (gjerne) … (med/ved/gjerne) å
        | bidra/bidrar (gjerne/du) (til/ved/med) å | bidra (gjerne) til … ved å | ta deg … til å
        | nøl ikke/ikkje (med) å | ikke/ikkje nøl med å | (du/dere/de) er/blir … velkommen/velkomne/velkomen til å
        | vi/jeg/eg håper/vonar/ønsker/ønskjer (at) du/dere/de/flere/mange/alle (også) vil/kan
        | gjør/gjer … tjeneste/teneste/tjenesten ved/og å | støtt/støtte … ved/med å
        | (du/dere) (kan) bruk/bruke/trykk/trykke/klikk/klikke … for å
        | (det) er (helt/absolutt/fullt) lov (til) å | lov å | fritt/fri frem/fram (til/for) å | sørg for å
        | vær/ver/bli med (på) å | pass på å | vi/jeg/eg ber … om å | (det) er bare/berre (fint) å
        | vær/ver ikke/ikkje redd for å | en/én/ein oppfordring … å | takk for hjelpen/hjelpa med å
        | ta gjerne … for å | gi/gje … ved å
        """,
    may="""
        kan/kunne/vil/ville du/dere/de/dokker (også/gjerne/være/vere) (så) (snill/vennlig/greie/grei) (og) (å)
        | kunne du tenke deg å | har du/dere lyst/mulighet/anledning til å
        | (her/nå/no/under) kan du/dere (også/enkelt/lett) | du/dere/de kan (også/enkelt/lett/selv)
        | ønsker/ønskjer du/dere å | du/dere bør | alle bør/må | vil du være med (på) å | husket/huska/hugsa du å
        | har du husket/huska å | lyst til å | alle (som/vil) (vil/kan) kan/må (gjerne/fritt)
        """,
    glad="""
        pris/prisar | glad/glade/kjempeglad/kjempeglade/superglade/takknemlig/takknemlige/takksam/takksame
        | fint/hyggelig/hyggeleg/supert | flott/bra/kjekt/topp/stas/gøy/kult/herlig/fantastisk/fantastiskt
        | håper/vonar | takk | hjelper/hjelpe/hjelp/bidrar/bidreg/støtter/betyr
        """,
    if_you="""
        om/hvis/dersom/viss/at/når/fordi (at) du/dere/de/dokker/flere/mange/alle | alle/dere/dykk/de/dei/til som
        """,
    passive="""
        må/kan/får (veldig/svært/mer) (enn) gjerne/fritt deles/delast | deles/delast gjerne
        | må/kan gjerne spres/sprast | må/kan gjerne bli delt | må/kan gjerne videresendes/spreiast
        | kan/må deles/delast fritt/gjerne/videre/vidare
        """,
    you="du/dere/deg/din/ditt/dine/dykk/dykkar/dokker",
    no="ikke/ikkje/aldri",
    forget="glemme/gløyme/nøle",
    adverb="""
        sammen/saman | gjerne/også/óg/òg/nå/no/da/bare/berre/videre/vidare/fritt/gladelig/endelig/endeleg/vennligst
        | straks/igjen/selv/sjølv/heretter | veldig/svært/kjempe gjerne | mer enn gjerne | for all del | i dag
        | med glede | i vei | så gjerne | gjerne også | litt
        """,
    this="dette/denne/disse/desse (her) | det/den her",
    that="dette/denne/disse/desse/den/det/de/dei (her)",
    nouns="""
        *artikkelen/*artiklene/saken/saka/nyhetssaken/nyheitssaka/nyhetssaka/nyheten/nyheita/nyhenda | nyhetene
        | *innlegget/innlegga/posten/bloggposten/historien/historia/historiene/teksten/*meldingen/*meldinga
        | siden/sida/nettsiden/nettsida
        | lenken/lenka/linken/kronikken/intervjuet/reportasjen/notisen/oppslaget/budskapet/bodskapen
        | informasjonen/infoen
        | invitasjonen/utlysningen/utlysinga/utlysingen/stillingsannonsen/annonsen/kunngjøringen
        | kunngjeringa/nyhetsbrevet/guiden
        | veiledningen/rettleiinga/oppskriften/oppskrifta/tipsene/tipsa/rådene/råda
        | arrangementet/eventet/muligheten/moglegheita/stillingen/stillinga/*hilsenen/*helsinga/kampanjen
        | videoen/filmen/episoden/podkasten/programmet/plakaten/veilederen/innlegga
        """,
    bare_nouns="""
        *artikkel/sak/*sak/nyhet/nyheit/nyheter/*innlegg/*post/historie/historier/tekst/*melding/side
        | lenke/lenkje/link/kronikk/intervju
        | reportasje/notis/oppslag/budskap/bodskap/informasjon/info/invitasjon/utlysning/utlysing/guide | tips
        | arrangement/event/mulighet/moglegheit/stilling/*hilsen/*helsing/kampanje/video/film/episode | podkast
        """,
    our="vår/vårt/våre",
    it="den/det/han/ho/dem",
    word="ordet | det glade/gode budskap/budskapet/bodskapen | budskapet",
    with_="med/til/blant",
    on="på/i/via/gjennom/over",
    onwards="videre/vidare/rundt",
    people="""
        *nettverk/nettverket/nettverka/venn/venner/vennen/vennene/ven/vener/venninne/venninner/kollega
        | kollegaer/kolleger/kollegaen
        | kollegaene/kollegene/andre/flere/fleire/alle/noen/nokon/nokre/familie/familien/bekjente/kjente
        | følgere/følgjarar
        | ansatte/medlemmer/medlemmene/naboer/naboen/nabo/mange/bransjen/dem/dei/de/folk/verden
        | omgangskrets/omgangskretsen/vennekrets | bedrifter/ledelsen/styret/teamet/leder/lederen/sjefen
        """,
    us="oss/meg/deg/hverandre/kvarandre/redaksjonen/vi/gruppa/gruppen/klassen/sidemannen",
    press="""
        trykk/klikk/bruk (gjerne) (på) (gjerne) del-knappen/dele-knappen/deleknappen/delknappen/delingsknappen
        | trykk/klikk/bruk (gjerne) (på) deleknappene/delingsknappene/deleknappane | trykk/klikk (på) del/dele
        """,
    about="om",
    so="så/slik/for/fordi/sånn/da/ettersom",
    and_="og/&",
    engage="""
        lik/like/liker/kommenter/les/følg/følgj/tagg/tag/lagre/print/abonner/klikk/trykk/se/sjå/lytt/hør
        | høyr/last/bruk/kopier/engasjer/stem | kom/bli/vær/ver/meld/sett/skriv/ta/stikk
        """,
    if_="""
        hvis/dersom/om/viss/når/likte/liker/likar/lika/synes/syns/syntes/tykkjer/kjenner/kjente/fant
        | lærte/enig/einig/har/er/var/vet/veit/vil | for/slik/siden/sidan/fordi/ble/trenger/skulle/ønsker/ønskjer
        """,
    on_with="""
        med/til/på/i/via/gjennom/over/blant/hos/ved/så/slik/for/hvis/dersom/viss/om/og/eller/fordi/da/når
        | her/under/nedenfor/nedanfor/der/vidt
        | takk/vær/ellers/nå/også/rundt/sånn/dersom/ved/videre/flest/der/hvor/som/gjerne/allerede
        """,
    not_so="""
        med/til oss/meg/deg/hverandre/kvarandre/redaksjonen/læreren/klassen/gruppa/gruppen/dommeren
        | i to/tre/fire/fem/flere/fleire/mindre/små/deler/delar/grupper/gruppa/biter/plenum/klassen
        | i kommentarfeltet/kommentarene/kommentarfelta/avsnitt/kapitler
        | i … grupper/deler/biter | på/under møtet/samlingen/samlinga/midten/seminaret/kurset | og hersk | ut på
        | som vedlegg
        """,
    said="""
        sier/sa/seier/forteller/fortalte/skriver/skriv/mener/meiner/lyder/lød/heter/het/oppfordrer/ber | bad
        """,
    what="hva/kva/hvordan/korleis/hvem/kven/hvor/kor/hvilke/hvorfor/kvifor",
)
