"""`kbk upstream PATH`: kernels of SGLang, from the user's own checkout, unedited, on a CPU.

    kbk upstream ~/sglang --flashinfer ~/flashinfer

Each of seven files is built as it lies there, called on inputs of ours, compared with oracles of
ours in float64, watched by `kbk.sanitize` and counted by `kbk.profile`. Nothing of SGLang or of
FlashInfer is kept in this package.

    checkout    where the files and the folders of headers are, and which commit they are of
    case        what a file is called with, and what must come out
    check       compares an output with what it must be
    oracles     the cases of each file, a module a family; `targets` lists them
    worker      builds one file and runs its cases, in a process of its own
    watch       starts that process, and ends it if it takes too long
    run         the files one after the other, and their verdicts
    record      the outcome as JSON, with its schema
    report      the outcome as text
    tables      the outcome as tables of a page
    session     a reader's session with one file, recorded: what cells of a page showed
    shown       what a cell showed, as facts; `places` links them to lines on GitHub
    page        runs those cells, or shows their record
    command     the verb of the command line
"""
