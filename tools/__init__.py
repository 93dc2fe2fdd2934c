"""Small programs for whoever changes the notebooks; readers need none. Each is started from the project's folder.

python -m tools.execute [NOTEBOOK ...]   run notebooks and write pages to build/; the notebooks stay as they are
python -m tools.store [NOTEBOOK ...]     run notebooks with the book's data and write their outputs into them
python -m tools.readme [--check]         copy the notebooks' tables of results into the README
python -m tools.publish OWNER/NAME       write the repository's address everywhere
python -m tools.draw [NAME ...]          render the drawings in notebooks/img
python -m tools.spell [NOTEBOOK ...]     look for misspelt words in what notebooks say
python -m tools.audit                    ask whether an installed package has a known vulnerability
python -m tools.pairs [--check]          write the embedded sentence pairs from their grammar
"""
