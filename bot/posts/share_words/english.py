"""How one asks others to share something in English."""

from bot.posts.share_words.language import Language

ENGLISH = Language(
    share=(
        "share/reshare/repost/retweet/forward/circulate",
        "share/sharing/reshare/repost/retweet/forward/forwarding/circulate/circulating",
        "share/shared/sharing/forward/circulate | could/would/can share",
    ),
    spread=("spread", "spread/spreading", "spread/spreading"),
    send=("send/pass", "send/pass/passing/sending", "send/pass/passing"),
    tell=("tell", "tell", "tell/telling"),
    ask="""
        please/pls/plz/kindly/do/so/and/but/hey/ps/just/now/then/also | go ahead and | be sure and | why not
        | be kind and | (be) a friend and | dont be shy and | thanks/thank you | feel free and | lets
        | dear reader/readers | be nice and | go on and | or
        """,
    ask_to="""
        (and/but/so/please) (also) dont/do (not) forget to | (and/but/please/so) remember to
        | (so/and/please) (you) (should) feel (very) free to
        | (you) youre/are … welcome/invited/encouraged/free to | (please/and) be sure to
        | (please/and) make sure to | (please) dont/do (not) hesitate to | (please) (and) help … (to/by)
        | (please) take a … to | we/i encourage/invite/urge/ask/want … to
        | (you) (can) use/click/hit/tap/press … to | (please/also) consider | (please) support … by
        | we/i hope youll/you (will/all) (also) | would/do you mind | do us a favour/favor and
        | it is/its (ok/okay/fine) to | (please) join us in
        """,
    may="""
        can/could/would/will/wont you (all/please/kindly/also) (like/care) (to) | (do) (you) want/wanna/wish to
        | (you) you/youd may/can/might/should/like (also/easily) (to) | why dont you | care/ready to
        | here you can
        """,
    glad="""
        appreciate/appreciated/grateful/glad/happy/love/thrilled/delighted/great/nice/wonderful/hope
        | thanks/thank/helps/mean/means/honoured/honored
        """,
    if_you="""
        if/when/that/for/it (if) (you/youd/more/everyone) (all/would/will/could/can)
        | everyone/all/those/anyone who | (for) you to | you
        """,
    passive="""
        may/can (be) (freely) be (freely) shared | deserves to be shared | is (well) worth sharing
        | please be shared | can/may be shared freely/widely
        """,
    you="you/your/youll",
    no="not/never/dont",
    forget="forget/hesitate",
    adverb="""
        together | please/also/widely/freely/now/further/today/onwards/onward/generously/around/away/again/directly
        | far and wide | as you like | right away
        """,
    this="this/these | this one",
    that="this/these/the",
    nouns="",
    bare_nouns="""
        article/articles/story/stories/post/posts/news/*blog/*blogpost/page/webpage/piece/message/link
        | interview/release/announcement/update/information/info
        | newsletter/tips/guide/invitation/column/report/content/advice/tutorial/recipe/write-up/bulletin
        | entry/event/opportunity/vacancy/job/campaign/video/film/episode/podcast/programme
        """,
    our="our/my",
    it="it/them",
    word="(the) word | (the) good news/word | (the) news | (the) message",
    with_="with/to/among/amongst/around",
    on="on/via/through/in/across/by/over/using",
    onwards="on/along/around/onwards/onward | their way",
    people="""
        network/networks/friend/friends/colleague/colleagues/others/other/more/everyone/everybody/anyone
        | anybody/someone/somebody/family/families/followers
        | members/neighbours/neighbors/neighbour/neighbor/people/world/team/teams/community/communities
        | contacts/peers/those/boss/co-workers/coworkers/mates/all
        """,
    us="us/me/each/one/ourselves/class/room",
    press="""
        hit/click/press/use/tap (on) (the/that) (social) share/sharing button/buttons/icon/icons/link/links
        | click/hit/press share
        """,
    about="about",
    so="so/for/because/as",
    and_="and/n/&",
    engage="""
        like/comment/read/follow/tag/save/print/subscribe/click/watch/listen/download/use/copy/vote
        | bookmark/retweet/enjoy/sign/come/join/rate/review
        """,
    if_="""
        if/when/liked/like/enjoyed/enjoy/love/loved/found/find/know/think/thought/agree/did/do/was/is/has
        | have/are/want/should/because/since/as/to/so | learned/learnt/inspired/need
        """,
    on_with="""
        with/to/among/amongst/around/on/via/through/in/across/by/over/using/so/for/if/and/or/because
        | while/when/as/now/below/here/thanks/thank/widely/wherever
        | wherever/far/please/today/at/online/where/from/using/since/before
        """,
    not_so="""
        with/to us/me/each/one/the/your class/other/another/room/teacher/editor/group | with us/me/each/one
        | to us/me | in class/groups/pairs/half/two/three/parts | in/below … comments/comment | in … thread
        | at/in/during … meeting/seminar
        """,
    said="says/said/writes/wrote/adds/added/reads/explains/urges",
    what="what/how/who/which/where/why",
)
