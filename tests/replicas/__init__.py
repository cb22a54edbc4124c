"""The replica bench: several real daemons on one real PostgreSQL, killed, cut off and upgraded in the middle of it all.

`python -m tests.replicas` lets three replicas share one configuration and one database. A site with two hundred feeds
publishes, receivers that are small models of platforms (`tests.faults`) take what comes, slowly and sometimes wrongly.
Meanwhile one replica at a time is killed with SIGKILL and comes back, at times without its directory; PostgreSQL is
stopped twice; and in the middle each replica is replaced by one of the next version, whose schema is newer. In the end
everything is mended, and `judge` compares what was published with what people see, with what the site and the
receivers were asked, and with what is left in the database.

Time is the real one: the clock of replicas is the database's.
"""
