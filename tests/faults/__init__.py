"""The fault bench: the real daemon among servers that fail, killed again and again, and a judge who reads the truth.

`python -m tests.faults` publishes articles on a site of its own, whose feed sometimes drops, stalls or lies, and lets
a real installation share them on real servers that are small models of platforms: each knows what its people see, and
each drops, stalls, answers too late or wrongly, limits, redirects, dies or locks us out, as the seed will have it.
Meanwhile `run` and the `trigger` beside it are killed with SIGKILL, at every named point and at random moments. In the
end everything is mended, and `judge` compares what was published with what people see and what Delebot's rows say.

Time runs twenty times as fast for the daemon (`clock`), so that its deadline of half a minute passes in 1.5 seconds and
a platform forgets our key within the run; nothing else of it is changed.
"""
