"""A crowd: processes that press on a server for a measurement, and start quickly.

    clients     read many streams at once, and note when each event came
    askers      ask many questions at once, and note how long each took
    relay       give each frame of a stream to another server too
    limits      how many files, and so streams, a process may have open

They are a room of their own because each runs as `python -m`, which loads all that its room loads:
here nothing, beside `measure` everything that starts and asks engines.
"""
