"""Data and training for the notebooks of the chapter "Modern Recurrent Neural Networks".

Import the module you need (`from helpers import training`); nothing is re-exported here.

    datasets                  where texts come from: files that are downloaded (download) and kept (cached), or
                              the embedded samples
    text, batches             a text as ids, and minibatches of it
    language_model, ngram     models of the next character: around any recurrent layer, and by counting
    pairs, tokenizers,        sentence pairs, words and pieces of words as ids,
    padding, pair_batches     rows of one width, and minibatches of pairs
    encoder_decoder,          what encoder and decoder promise each other,
    seq2seq                   and a recurrent pair of them
    losses, training          what is minimised, and the loop that does it
    checkpoint, same_run,     how a run goes on after an interruption, and with which file,
    files                     and files that are whole or not there
    distributed               one run by several processes
    search, beam_search,      the best sequence of any model,
    sampling                  or one that is drawn
    translator, ask           sentences in, sentences out, and a reader's own sentence
    pretrained                translators and a language model, trained for long, that travel with the project
    metrics                   perplexity and BLEU
    plotting, search_tree,    pictures,
    display                   and how they are shown
    machine, progress         seed, device and threads, and how far a long task has come
    results                   what the long experiments measured
    exercises                 checks for the exercises
    checks, nested            one place that refuses wrong arguments, and one that walks through nested tensors
    book                      the book's own code, made importable
"""
