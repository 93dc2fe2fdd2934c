"""The sentence pairs: the file is what its grammar writes, and that is right in three languages.

The rules stand here a second time, as a reader of each language would put them, without the grammar's tables.
"""

import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from tools.pairs import __main__ as program
from tools.pairs import build

FILE = Path(__file__).parents[1] / "helpers" / "samples" / "pairs.tsv"
ROWS = [tuple(line.split("\t")) for line in FILE.read_text(encoding="utf-8").splitlines()]
ENGLISH, FRENCH, PORTUGUESE = LANGUAGES = range(3)
NAMES = "Tom|Marc|Anna|Clara|Julie"

# Typed by hand, one or more for every pattern of the grammar.
BY_HAND = """
They are very worried.|Ils sont très inquiets.|Eles estão muito preocupados.
Julie isn't worried.|Julie n'est pas inquiète.|Julie não está preocupada.
Is she afraid?|Est-ce qu'elle a peur ?|Ela está com medo?
Clara is very happy.|Clara est très heureuse.|Clara está muito feliz.
Our car isn't red.|Notre voiture n'est pas rouge.|Nosso carro não é vermelho.
Good morning, Anna.|Bonjour, Anna.|Bom dia, Anna.
We are thirsty.|Nous avons soif.|Estamos com sede.
They speak Portuguese every day.|Ils parlent portugais tous les jours.|Eles falam português todos os dias.
Julie doesn't take the train.|Julie ne prend pas le train.|Julie não pega o trem.
Does your sister drink water?|Est-ce que ta sœur boit de l'eau ?|Sua irmã bebe água?
We never eat soup.|Nous ne mangeons jamais de soupe.|Nunca comemos sopa.
They always wake up early.|Ils se réveillent toujours tôt.|Eles sempre acordam cedo.
Tom is reading the newspaper.|Tom lit le journal.|Tom está lendo o jornal.
Are they learning to sing?|Est-ce qu'ils apprennent à chanter ?|Eles estão aprendendo a cantar?
Julie got up late yesterday.|Julie s'est levée tard hier.|Julie levantou tarde ontem.
He went to Paris on Monday.|Il est allé à Paris lundi.|Ele foi a Paris na segunda-feira.
Marc didn't find the bag.|Marc n'a pas trouvé le sac.|Marc não encontrou a bolsa.
Did you lose the hat?|Est-ce que tu as perdu le chapeau ?|Você perdeu o chapéu?
My mother has already looked at the boats.|Ma mère a déjà regardé les bateaux.|Minha mãe já olhou os barcos.
Anna has never seen the mountain.|Anna n'a jamais vu la montagne.|Anna nunca viu a montanha.
You are going to eat bread on Saturday.|Tu vas manger du pain samedi.|Você vai comer pão no sábado.
Is it going to snow tomorrow?|Est-ce qu'il va neiger demain ?|Vai nevar amanhã?
Tom is going to go to Paris tonight.|Tom va aller à Paris ce soir.|Tom vai a Paris hoje à noite.
You don't need to get up early.|Tu n'as pas besoin de te lever tôt.|Você não precisa levantar cedo.
Marc doesn't like to dance in the kitchen.|Marc n'aime pas danser dans la cuisine.|Marc não gosta de dançar na cozinha.
Clara has to write a letter.|Clara doit écrire une lettre.|Clara tem que escrever uma carta.
We can't open the shop.|Nous ne pouvons pas ouvrir le magasin.|Não podemos abrir a loja.
The children can swim.|Les enfants savent nager.|As crianças sabem nadar.
Don't forget the key.|N'oublie pas la clé.|Não esqueça a chave.
Close the window, please.|Ferme la fenêtre, s'il te plaît.|Feche a janela, por favor.
Let's go to the market.|Allons au marché.|Vamos ao mercado.
Why did Anna paint the door?|Pourquoi est-ce qu'Anna a peint la porte ?|Por que Anna pintou a porta?
Who wants to close the shop?|Qui veut fermer le magasin ?|Quem quer fechar a loja?
What did she find this morning?|Qu'est-ce qu'elle a trouvé ce matin ?|O que ela encontrou hoje de manhã?
When it rains, she opens the window.|Quand il pleut, elle ouvre la fenêtre.|Quando chove, ela abre a janela.
In winter, you study at the library.|En hiver, tu étudies à la bibliothèque.|No inverno, você estuda na biblioteca.
I travel by car with Marc.|Je voyage en voiture avec Marc.|Viajo de carro com Marc.
He knows the girl who wakes up late.|Il connaît la fille qui se réveille tard.|Ele conhece a menina que acorda tarde.
My sister says that he is kind.|Ma sœur dit qu'il est gentil.|Minha irmã diz que ele é gentil.
Why is Clara happy?|Pourquoi est-ce que Clara est heureuse ?|Por que Clara está feliz?
The phone is too expensive.|Le téléphone est trop cher.|O telefone é caro demais.
My grandmother's boat is black.|Le bateau de ma grand-mère est noir.|O barco da minha avó é preto.
Clara has an old book.|Clara a un vieux livre.|Clara tem um livro velho.
Anna has a white cat.|Anna a un chat blanc.|Anna tem um gato branco.
They have two chairs.|Ils ont deux chaises.|Eles têm duas cadeiras.
Tom doesn't have a phone.|Tom n'a pas de téléphone.|Tom não tem telefone.
Clara doesn't need meat.|Clara n'a pas besoin de viande.|Clara não precisa de carne.
Your parents love books.|Tes parents adorent les livres.|Seus pais adoram livros.
My sister prefers juice to tea.|Ma sœur préfère le jus au thé.|Minha irmã prefere suco a chá.
Our neighbour lives in Brazil.|Notre voisin habite au Brésil.|Nosso vizinho mora no Brasil.
Julie wants to be a doctor.|Julie veut être médecin.|Julie quer ser médica.
There is a bakery next to the hospital.|Il y a une boulangerie à côté de l'hôpital.|Há uma padaria ao lado do hospital.
There are two horses in the garden.|Il y a deux chevaux dans le jardin.|Há dois cavalos no jardim.
There is no water on the boat.|Il n'y a pas d'eau sur le bateau.|Não há água no barco.
The umbrella is under the chair.|Le parapluie est sous la chaise.|O guarda-chuva está embaixo da cadeira.
Where is the station?|Où est la gare ?|Onde fica a estação?
The dog is sleeping under the table.|Le chien dort sous la table.|O cachorro está dormindo embaixo da mesa.
This is my umbrella.|C'est mon parapluie.|Este é meu guarda-chuva.
These are their chairs.|Ce sont leurs chaises.|Estas são as cadeiras deles.
Is this her bicycle?|Est-ce que c'est son vélo ?|Esta é a bicicleta dela?
Here are his books.|Voici ses livres.|Aqui estão os livros dele.
Whose coat is this?|À qui est ce manteau ?|De quem é este casaco?
What colour is your car?|De quelle couleur est ta voiture ?|De que cor é seu carro?
How much does the pen cost?|Combien coûte le stylo ?|Quanto custa a caneta?
How many books does Julie have?|Combien de livres est-ce que Julie a ?|Quantos livros Julie tem?
What a beautiful bird!|Quel bel oiseau !|Que pássaro bonito!
It is snowing in London.|Il neige à Londres.|Está nevando em Londres.
It isn't windy in Italy.|Il n'y a pas de vent en Italie.|Não está ventando na Itália.
It rained yesterday.|Il a plu hier.|Choveu ontem.
The lock opens at two o'clock.|L'écluse ouvre à deux heures.|A eclusa abre às duas horas.
What time does the train leave?|À quelle heure est-ce que le train part ?|A que horas o trem sai?
Today is Sunday.|Aujourd'hui, c'est dimanche.|Hoje é domingo.
See you on Wednesday, Anna.|À mercredi, Anna.|Até quarta-feira, Anna.
The library is closed on Mondays.|La bibliothèque est fermée le lundi.|A biblioteca fica fechada às segundas-feiras.
My brother is five years old.|Mon frère a cinq ans.|Meu irmão tem cinco anos.
How old is the captain?|Quel âge a le capitaine ?|Quantos anos o capitão tem?
The bag is more expensive than the hat.|Le sac est plus cher que le chapeau.|A bolsa é mais cara do que o chapéu.
The hospital is bigger than the museum.|L'hôpital est plus grand que le musée.|O hospital é maior do que o museu.
Happy birthday, Marc!|Joyeux anniversaire, Marc !|Feliz aniversário, Marc!
Thank you for the bicycle, Clara.|Merci pour le vélo, Clara.|Obrigado pela bicicleta, Clara.
Can you bring me some milk?|Est-ce que tu peux m'apporter du lait ?|Você pode me trazer leite?
This newspaper is for our neighbour.|Ce journal est pour notre voisin.|Este jornal é para nosso vizinho.
I bought a book for the captain.|J'ai acheté un livre pour le capitaine.|Comprei um livro para o capitão.
"""

# What no sentence may contain, whatever the words.
VOWEL = "[aeiouhàâéèêîôûœ]"
FORBIDDEN = {
    ENGLISH: [
        r"\ba [aeiou]",
        r"\ban [^aeiou]",
        rf"^(he|she|it|{NAMES}) (are|am|have|don't|aren't)\b",
        r"\b(we|you|they|parents|friends|children) (is|am|has|doesn't|isn't)\b",
        r"\bI (is|are|has|doesn't)\b",
        r"\b(\w+) \1\b",
    ],
    FRENCH: [
        rf"\b(je|le|la|ne|de|que|me|te|se|ce) (?!huit\b){VOWEL}",
        rf"\b[jlndmts]'(?!{VOWEL}|y )",
        r"'huit\b",
        rf"\bqu'(?!{VOWEL})",
        r"\b[àÀ] les?\b",
        r"\bde les?\b",
        r"\b(beaucoup|combien|pas|jamais) (un|une|du|des)\b",
        r"\b(pas|jamais) de (la |l')",
        r"\bbesoin (du |des |de la |de l')",
        rf"\b(ma|ta|sa) {VOWEL}",
        rf"\b(nouveau|beau) (?!et\b){VOWEL}",
        r"\bn(e |')(?!.*\b(pas|jamais)\b)",
        "[^\u202f][?!]$",
    ],
    PORTUGUESE: [
        r"\b(em|de|por|a) (o|a|os|as)\b",
        r"\b(em|de) (ele|ela|eles|elas)\b",
        r"\b(em|de|por) (meus?|minhas?|seus?|suas?|nossos?|nossas?)\b",
        r"\b(eu|nós|tu)\b",
        r"\bmais (grande|pequen[oa]|bom|boa)\b",
        r" [?!.,]",
    ],
}

# Gender, for a few nouns of each ending.
GENDER = {
    FRENCH: {
        "masculine": "pain fromage chocolat livre chapeau manteau vélo bateau train chat chien cheval musée parc pont",
        "feminine": "soupe viande salade pomme lettre clé voiture table chaise porte fenêtre maison cuisine fleur",
        "only masculine": "le un du ce mon ton son au quel petit grand vieux nouveau beau",
        "only feminine": "la une cette ma ta sa quelle petite grande vieille nouvelle belle",
        "adjectives": "vert:verte bleu:bleue noir:noire blanc:blanche",
    },
    PORTUGUESE: {
        "masculine": "pão queijo peixe livro chapéu casaco telefone barco carro trem gato cavalo museu hotel",
        "feminine": "sopa carne salada maçã carta chave caneta bolsa mesa cadeira porta janela casa flor",
        "only masculine": "o os um no nos do dos ao meu seu nosso este dois muitos quantos pelo",
        "only feminine": "as uma na nas da das à minha sua nossa esta duas muitas quantas pela",
        "adjectives": "preto:preta branco:branca amarelo:amarela vermelho:vermelha velho:velha novo:nova",
    },
}


def words(sentence):
    return re.findall(r"[\w'-]+", sentence.lower())


def with_language(sentences, language):
    return [row for row in ROWS if re.search(sentences, row[language])]


def test_the_grammar_writes_exactly_this_file(tmp_path, monkeypatch, capsys):
    rows = build.build()
    assert rows == ROWS
    assert FILE.read_bytes() == "".join("\t".join(row) + "\n" for row in ROWS).encode()

    monkeypatch.setattr(program, "build", lambda: rows[:3])
    monkeypatch.setattr(program, "FILE", tmp_path / "pairs.tsv")
    monkeypatch.setattr("sys.argv", ["pairs", "--check"])
    assert program.main() == 1
    assert "run: python -m tools.pairs" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["pairs"])
    assert program.main() == 0
    assert (tmp_path / "pairs.tsv").read_text(encoding="utf-8").count("\n") == 3
    monkeypatch.setattr("sys.argv", ["pairs", "--check"])
    assert program.main() == 0


def test_size_and_shape():
    assert 5000 <= len(ROWS) <= 6000
    assert {len(row) for row in ROWS} == {3}
    assert len({row[ENGLISH] for row in ROWS}) == len(ROWS)
    assert len(build.PATTERNS) + len(build.templates()) >= 60
    for language, most in zip(LANGUAGES, (9, 11, 11), strict=True):
        assert {len(words(row[language])) for row in ROWS} <= set(range(1 if language else 2, most + 1))


def test_every_line_is_a_clean_sentence():
    for row in ROWS:
        for sentence in row:
            assert sentence == unicodedata.normalize("NFC", sentence).strip()
            assert "  " not in sentence
            assert sentence[0].isupper()
            assert re.fullmatch(r"[\w ',\u202f-]+[.?!]", sentence), sentence
        assert len({sentence[-1] for sentence in row}) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_occurs_in_four_sentences_or_more(language):
    counts = Counter(
        word for row in ROWS for word in set(row[language].lower().strip(".?!\u202f").replace(",", "").split())
    )
    assert min(counts.values()) >= 4, counts.most_common()[-5:]
    assert language != ENGLISH or 350 <= len(counts) <= 500


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_no_sentence_contains(language):
    found = [(rule, row[language]) for rule in FORBIDDEN[language] for row in with_language(f"(?i:{rule})", language)]
    assert not found, found[:5]


@pytest.mark.parametrize(
    ("language", "wrong"),
    [
        (ENGLISH, "She eats a apple. / Tom don't swim. / They is here. / the the boat"),
        (
            FRENCH,
            "Je ai faim. / à le parc / près de le pont / Il n'a pas un vélo. / ma école",
        ),
        (FRENCH, "Il ne mange du pain. / besoin de la soupe / d'huit chats / Ça va ?"),
        (
            PORTUGUESE,
            "em o parque / de ele / em meu barco / Eu como. / mais grande / Sim ?",
        ),
    ],
)
def test_the_rules_find_mistakes(language, wrong):
    for sentence in wrong.split(" / "):
        assert any(re.search(f"(?i:{rule})", sentence) for rule in FORBIDDEN[language]), sentence


@pytest.mark.parametrize("language", [FRENCH, PORTUGUESE])
def test_gender(language):
    table = {name: entry.split() for name, entry in GENDER[language].items()}
    pairs = [pair.split(":") for pair in table["adjectives"]]
    wrong = {
        rf"\b({'|'.join(table['only feminine'])}) ({'|'.join(table['masculine'])})\b",
        rf"\b({'|'.join(table['only masculine'])}) ({'|'.join(table['feminine'])})\b",
        rf"\b({'|'.join(table['masculine'])}) ((n'est pas|est|é|não é) )?({'|'.join(pair[1] for pair in pairs)})\b",
        rf"\b({'|'.join(table['feminine'])}) ((n'est pas|est|é|não é) )?({'|'.join(pair[0] for pair in pairs)})\b",
    }
    for rule in wrong:
        assert not with_language(f"(?i:{rule})", language), rule
    assert len(with_language("table|chaise|mesa|cadeira", language)) > 50


@pytest.mark.parametrize(
    ("english", "french", "portuguese"),
    [
        ("I ", r"(Je |J')", r"(não |nunca |sempre |já )?(\w+[oi]|\w+ou|trouxe)\b"),
        (
            "You ",
            r"Tu (ne |n')?(te |t')?\w+[sx]\b",
            r"Você (não |nunca |sempre |já )?(?!\w+mos\b)(?!\w+[ae]m\b)\w+|Você tem",
        ),
        ("(He|She|Tom|Anna) ", r"(Il|Elle|Tom|Anna) (ne |n')?(se |s')?\w*[aedt]\b", r"(Ele|Ela|Tom|Anna) "),
        ("We ", r"Nous (ne |n')?(nous )?(\w+ons|sommes)\b", r"(não |nunca |sempre |já )?\w+mos\b"),
        ("They ", r"Ils (ne |n')?(se )?\w+nt\b", r"Eles (não |nunca |sempre |já )?\w+(m|ão)\b"),
        (r"The children ", r"Les enfants ", r"As crianças "),
        (r"There (is|are) no ", r"Il n'y a pas ", r"Não há "),
        (r"There (is|are) (?!no )", r"Il y a ", r"Há "),
        (r"(Is|Are|Do|Does|Did|Can) ", r"Est-ce qu", r".*\?$"),
        (r"Let's ", r"\w+ons\b", r"Vamos "),
        (r"Don't ", r"(Ne |N').* pas\b", r"Não "),
        (r".*\bnever\b", r".*\bn(e |').*\bjamais\b", r".*\b[Nn]unca\b"),
        (r".*\b(\w+n't|not)\b", r".*\b([Nn]e |[Nn]').*\bpas\b", r".*\b[Nn]ão\b"),
    ],
)
def test_the_three_languages_say_the_same(english, french, portuguese):
    rows = [row for row in ROWS if re.match(english, row[ENGLISH])]
    assert len(rows) > 10
    wrong = [
        row for row in rows if not (re.match(french, row[FRENCH]) and re.match(f"(?i:{portuguese})", row[PORTUGUESE]))
    ]
    assert not wrong, wrong[:5]


@pytest.mark.parametrize("triple", BY_HAND.strip().splitlines())
def test_sentences_typed_by_hand(triple):
    english, french, portuguese = triple.split("|")
    assert {row[ENGLISH]: row for row in ROWS}[english] == (
        english,
        french.replace(" ?", "\u202f?").replace(" !", "\u202f!"),
        portuguese,
    )
