"""How one asks others to share something in Danish."""

from bot.posts.share_words.language import Language

DANISH = Language(
    share=(
        "del | videresend | videreformidl",
        "dele | videresende | videreformidle",
        "deler/delte | vil/kan/ville/kunne dele | videresender",
    ),
    spread=("spred", "sprede", "spreder | vil/kan sprede"),
    send=("send", "sende", "sender"),
    tell=("tip/fortæl", "tippe/fortælle", "tipper/fortæller"),
    ask="""
        venligst | og/så/men | hej | ps/nb/psst | tak | tusind tak | kære læser/læsere | vær (så) sød/venlig og
        | please | du/i | nu | ja | husk | gerne | bare | kom nu og | hjælp os og
        """,
    ask_to="""
        må/kan du/i (meget/rigtig) gerne
        | (og/men) glem (nu/da/endelig) ikke (også) at | (og/men) husk (også/endelig/nu/gerne/altid) at
        | (du/i/alle) må (meget/rigtig/hjertens/mere) (end) gerne | (du/i) (også) kan (altid) gerne
        | (du/i) er … velkommen/velkomne til at | vær (så) sød/venlig/rar (og) at
        | hjælp (gerne) … (med/ved/gerne/til) at | vi/jeg opfordrer/beder … (til/om) at | tøv ikke med at
        | tøv endelig ikke med at | brug/klik/tryk … for at | føl dig/jer (helt) fri til at | tag dig/jer … til at
        | bidrag (gerne) (til/ved/med) at | bidrag (gerne) til … ved at | støt … ved at
        | vi/jeg håber (at) du/i/flere/mange (også) vil/kan | (det) er (helt) i orden at | gør … tjeneste og/at
        | sørg for at | vær ikke bange for at | vær med til at
        """,
    may="""
        kan/kunne/vil/ville du/i (også/gerne/være) (så) (sød/venlig/rar) (og/at) | kunne du tænke dig at
        | har du/i lyst/mulighed til/for at | (her/nu) kan du/i (også/nemt/let) | du/i kan (også/nemt/let/selv)
        | ønsker du/i at | lyst til at | alle bør
        """,
    glad="""
        pris/glad/glade/kæmpeglade/taknemmelig/taknemmelige/dejligt/fint/skønt/rart/fedt/godt/super
        | supert/håber/tak | tusind/mange tak | hjælper/bidrager/støtter/betyder
        """,
    if_you="om/hvis/at/når/såfremt/fordi (at) du/i/flere/mange/alle | alle/jer/til der/som",
    passive="""
        må/kan (meget/rigtig/mere) (end) gerne/frit deles/spredes | deles gerne | må gerne blive delt
        | må/kan gerne videresendes | kan/må deles frit/gerne/videre
        """,
    you="du/dig/jer/din/dine/jeres",
    no="ikke/aldrig",
    forget="glemme/tøve",
    adverb="""
        sammen | gerne/også/endelig/videre/nu/bare/frit/venligst/straks/igen/da/selv | meget/rigtig/mægtig gerne
        | mere end gerne | i dag | med glæde | for alt i verden
        """,
    this="dette/denne/disse (her) | det/den/de her",
    that="dette/denne/disse/den/det/de (her)",
    nouns="""
        *artiklen/artiklerne/historien/historierne/nyheden/nyhederne/*indlægget/opslaget/beskeden
        | budskabet/siden/hjemmesiden/linket/teksten
        | *meddelelsen/informationen/informationerne/infoen/invitationen/stillingsopslaget/jobopslaget
        | interviewet/kronikken/reportagen/opskriften/guiden | rådene/tipsene/nyhedsbrevet/annoncen/klummen
        | arrangementet/begivenheden/muligheden/stillingen/*hilsenen/kampagnen/videoen/filmen/episoden
        | podcasten/programmet
        """,
    bare_nouns="""
        *artikel/historie/historier/nyhed/nyheder/*indlæg/*opslag/besked/budskab/side/link/tekst
        | *meddelelse/information/info/invitation/interview
        | kronik/reportage/opskrift/guide/råd/tips/annonce/klumme/*post
        | arrangement/event/begivenhed/mulighed/stilling/*hilsen/kampagne/video/film/episode/podcast
        """,
    our="vores/vor/vort/vore",
    it="den/det/dem",
    word="ordet | budskabet | det glade/gode budskab",
    with_="med/til/blandt",
    on="på/i/via/gennem/over",
    onwards="videre/rundt",
    people="""
        *netværk/netværket/ven/venner/vennen/vennerne/veninde/veninder/kollega/kolleger/kollegaer
        | kollegaen/kollegerne/andre/flere/alle/nogen/nogle
        | familie/familien/bekendte/følgere/medlemmer/medarbejdere/naboer/naboen/mange/dem/folk/verden
        | omgangskreds/branchen/chefen/ledelsen/bestyrelsen/teamet
        """,
    us="os/mig/dig/hinanden/redaktionen/gruppen/klassen/sidemanden",
    press="""
        tryk/klik/brug (gerne) (på) del-knappen/dele-knappen/deleknappen/delknappen/deleknapperne
        | tryk/klik (på) del
        """,
    about="om",
    so="så/for/fordi/da",
    and_="og/&",
    engage="""
        like/lik/synes/kommenter/læs/følg/tag/gem/print/abonner/klik/tryk/se/lyt/hør/hent/brug/kopier | stem
        | kom/bliv/vær/meld/tilmeld/skriv
        """,
    if_="""
        hvis/om/når/såfremt/kunne/kan/synes/syntes/kender/fandt/lærte/enig/har/er/var/ved/vil/for/så
        | fordi/blev/mangler/skulle
        """,
    on_with="""
        med/til/på/i/via/gennem/over/blandt/hos/ved/så/for/hvis/om/og/eller/fordi/da/når/her/nedenfor
        | under/der/tak/ellers/nu/også/rundt/vidt | videre/hvor/som/gerne/allerede
        """,
    not_so="""
        med/til os/mig/dig/hinanden/redaktionen/læreren/klassen/gruppen
        | i to/tre/fire/fem/flere/mindre/små/dele/grupper/bidder/plenum/klassen
        | i kommentarfeltet/kommentarerne/afsnit/kapitler
        | i … grupper/dele/bidder | på/under mødet/midten/seminaret/kurset
        """,
    said="siger/sagde/fortæller/fortalte/skriver/skrev/mener/lyder/lød/hedder/opfordrer",
    what="hvad/hvordan/hvem/hvor/hvilke/hvilken/hvorfor",
)
