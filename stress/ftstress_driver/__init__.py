"""What ftstress runs inside the interpreter under test.

In the order in which data passes:

    __main__   command line of the zygote
    zygote     imports once, then forks one iteration a `run` message; owns the control channel
      control    JSON lines over a socket
      linux      prctl, process groups, out-of-memory score
      gil        which import switched the GIL back on
    suite      what a driver must offer: Options, Test, Suite, Result
    drivers/   one file a kind of suite, one list of them
    iteration  the forked child: seeds, budget, test after test
      threads    the one function that runs bodies in T threads
      failures   exceptions as text
      emit       records to libftstress.so, laid out by `contract`
    collect    the second command: lists a suite's tests, selects by expression
"""

PROTOCOL_VERSION = 1
