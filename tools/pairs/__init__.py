"""Write helpers/samples/pairs.tsv: sentences in English, French and Brazilian Portuguese, from a small grammar.

    python -m tools.pairs            rewrite the file
    python -m tools.pairs --check    compare it; exit status 1 if it differs

A pattern (actions, states, belongings) or a template (lexicon.txt, slots) draws words from lexicon.txt and builds the
three sentences side by side. Forms, agreement, elision and contraction are worked out, never typed into a pattern.
Words combine only within their class: the lexicon names what a verb or an adjective goes with. Read the parts in this
order: lexicon, forms, phrases, clauses, draw, the patterns, slots, build.

Conventions: "you" is one person, called tu and você. "I" and "you" are men where a form must choose; "they" is ils,
eles. Portuguese leaves out eu and nós, whose verb forms are unmistakable; French asks with est-ce que, and has a
narrow no-break space before ? and !. An English sentence stands in the file once, and each word of each language in
at least MIN_COUNT sentences.
"""
