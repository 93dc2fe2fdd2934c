"""Numbers of one's own: statement and check agree, the right answer for them passes, and nobody else's does."""

import ast
import math
import re

import nbformat
import pytest
from notebook_code import definitions

from helpers.exercises import deep_rnn, seq2seq
from teaching import catalogue, sheets, statements, students, variants
from teaching.own_numbers import OWN

PEOPLE = [f"s{number:03}" for number in range(12)]
CODED = [place for place, own in OWN.items() if own.check]
OPEN = [place for place, own in OWN.items() if not own.check]
every_variant = pytest.mark.parametrize(("section", "number"), OWN)


def fallen_to(k):
    return lambda z: math.inf if z == 1 else math.log2(k) / -math.log2(z)


def bias(percent):
    def bias_for(k):
        left = (percent / 100) ** (1 / k)
        return math.log(left / (1 - left))

    return bias_for


def stack(size, steps):
    def influence(k, num_layers, g, f, residual):
        states, below = [0.0] * num_layers, 0.0
        for t in range(k + 1):
            below = size if t < steps else 0.0
            for l in range(num_layers):
                states[l] = g * below + f * states[l]
                below = states[l] + below * residual
        return below

    return influence


def widths(kind, layers):
    def two_widths(n, T, d, h_f, h_b, q):
        sizes = [deep_rnn._count(kind, d, h, layers)[1] for h in (h_f, h_b)]  # as torch counts them
        return (n, T, h_f + h_b), (h_f + h_b, q), sum(sizes)

    return two_widths


def writing(code, marks):
    def detokenise(sentence, language):
        for mark in ",.!?":
            space = {"U+202F": "\u202f", "U+00A0": "\u00a0", "U+2009": "\u2009"}[code]
            sentence = sentence.replace(f" {mark}", (space if language == "fr" and mark in marks else "") + mark)
        return sentence[:1].upper() + sentence[1:]

    return detokenise


def longest(shortest, spare):
    def longest_word(num_letters, bits):
        left, n = 2**bits - spare, shortest - 1
        while (left := left - num_letters ** (n + 1)) >= 0:
            n += 1
        return n

    return longest_word


def stopping(c):
    return lambda finished, unfinished, T, alpha: unfinished * ((c + 1) / (c + T)) ** alpha <= finished


ANSWERS = {
    ("gru", 4): fallen_to,
    ("lstm", 4): bias,
    ("deep-rnn", 5): stack,
    ("bi-rnn", 1): widths,
    ("machine-translation-and-dataset", 5): writing,
    ("encoder-decoder", 1): longest,
    ("seq2seq", 1): lambda more: lambda prediction, refs: seq2seq._bleu(prediction, refs, add=(0, more, more, more)),
    ("beam-search", 2): stopping,
}


def of(section, number, person):
    return variants.variant(section, number, person)


def test_most_sections_have_an_exercise_of_either_kind():
    for kind in (CODED, OPEN):
        assert len({section for section, _ in kind}) >= len(catalogue.SECTIONS) - 2
    assert set(ANSWERS) == set(CODED)


@every_variant
def test_numbers_follow_from_the_id_and_differ_between_people(section, number):
    for person in PEOPLE:
        assert of(section, number, person) == of(section, number, person)
        assert of(section, number, person) == of(section, number, person.upper())
    assert len({str(of(section, number, person)["values"]) for person in PEOPLE}) >= 4


@every_variant
def test_the_statement_and_the_code_name_the_numbers(section, number):
    texts = {of(section, number, person)["statement"] for person in PEOPLE}
    assert len(texts) >= 4
    for person in PEOPLE:
        given = of(section, number, person)
        everything = given["statement"] + "".join(new for _, new in given["changes"])
        assert "<<" not in everything
        for value in given["values"].values():
            shown = {".!?": "`.`, `!` and `?`", ",!": "`,` and `!`"}.get(value, str(value))
            if (section, number) != ("encoder-decoder", 7):  # "two letters"
                assert shown in everything


@every_variant
def test_what_changes_in_the_cells_stands_there_once(section, number):
    found = catalogue.section(section)
    exercise = next(e for e in found.exercises if e.number == number)
    cells = nbformat.read(found.path, as_version=4).cells
    code = "\n".join(cells[i].source for i in exercise.cells if cells[i].cell_type == "code")
    for old, new in of(section, number, "s1")["changes"]:
        assert code.count(old) == 1
        code = code.replace(old, new)
    ast.parse(code)


@pytest.mark.parametrize(("section", "number"), CODED)
def test_the_right_answer_passes_and_that_of_another_student_fails(section, number):
    values = [of(section, number, person)["values"] for person in PEOPLE]
    for person, own in zip(PEOPLE, values, strict=True):
        check = variants.check_for(section, OWN[section, number].check, person)
        for other in values:
            found = check(ANSWERS[section, number](**other))
            assert found.status == ("correct" if other == own else "wrong"), (own, other, found)


@pytest.mark.parametrize(("section", "number"), CODED)
def test_the_answer_to_the_public_exercise_fails(section, number):
    parts = catalogue.section(section).parts()
    answer = next(part.answer for part in parts if part.check == OWN[section, number].check)
    public = definitions(f"solutions/{section}")[answer]
    for person in PEOPLE[:4]:
        assert variants.check_for(section, OWN[section, number].check, person)(public).status == "wrong"


@pytest.mark.parametrize(("section", "number"), CODED)
def test_the_examples_in_a_students_copy_know_the_right_answer(section, number):
    own = OWN[section, number]
    answer = next(part.answer for part in catalogue.section(section).parts() if part.check == own.check)
    for person in PEOPLE[:6]:
        lines = variants.examples(section, number, person).split("\nCheck(")
        namespace = {answer: ANSWERS[section, number](**of(section, number, person)["values"])}
        exec(lines[0], namespace)
        assert eval("Check(" + lines[1], namespace).status == "correct"
        namespace[answer] = lambda *args: exec("raise NotImplementedError")
        assert eval("Check(" + lines[1], namespace).status == "not solved yet"
        assert max(map(len, "\n".join(lines).splitlines())) <= 120


def test_an_example_in_a_statement_is_right():
    statement = of("gru", 4, "s1")["statement"]
    k = of("gru", 4, "s1")["values"]["k"]
    assert f"1/{k} of what it was" in statement
    assert float(re.search(r"for \$z = 0.5\$ it is ([\d.]+),", statement)[1]) == pytest.approx(math.log2(k), abs=1e-4)
    given = of("encoder-decoder", 1, "s1")
    assert f"7 bits it is {longest(**given['values'])(2, 7)}," in given["statement"]


# --- the check of a part ---------------------------------------------------------------------------------------------


def test_where_everybody_gets_the_same_the_check_has_hidden_cases():
    section = catalogue.section("gru")
    part = next(part for part in section.parts() if part.check == "check_reset_only")
    check = variants.check_for("gru", part, "s1", 1)
    public = section.check(part)
    assert check.cases[: len(public.cases)] == public.cases
    assert len(check.cases) > len(public.cases)
    assert check.slips == public.slips
    assert check.cases == variants.check_for("gru", part, "s2", 1).cases
    assert check.cases != variants.check_for("gru", part, "s1", 2).cases
    assert variants.check_for("gru", "check_half_life").question == section.module.check_half_life.question


def test_without_an_id_and_without_a_variant_the_exercise_is_everybodys():
    assert of("gru", 4, "") == {} == of("gru", 1, "s1")
    assert variants.examples("gru", 1, "s1") == "" == variants.examples("gru", 7, "s1")


def test_an_unknown_exercise_or_check_is_named():
    with pytest.raises(LookupError, match="exercise 99"):
        of("gru", 99, "s1")
    with pytest.raises(LookupError, match="check_nothing"):
        variants.check_for("gru", "check_nothing", "s1")


def test_a_question_of_ones_own_has_hidden_cases_where_they_fit():
    for (section, _), own in OWN.items():
        if own.check and own.hidden:
            cases = variants.check_for(section, own.check, "s1").cases
            assert len(cases) > len(own.examples) + len(own.more)


# --- in a student's copy ---------------------------------------------------------------------------------------------


@every_variant
def test_a_students_copy_has_their_statement_and_their_cells(section, number):
    found = catalogue.section(section)
    notebook = sheets.student(found, students.Person("s001", "Zoë"), exercises_only=True)
    nbformat.validate(notebook)
    cells = {cell.id: cell.source for cell in notebook.cells}
    given = of(section, number, "s001")
    exercise = next(e for e in found.exercises if e.number == number)
    assert cells[f"exercise-{number}"] == statements.marked(given["statement"], exercise)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert all(new in code for _, new in given["changes"])
    if own_check := variants.examples(section, number, "s001"):
        assert own_check in cells.values()
        assert f"exercises.{OWN[section, number].check}(" not in code
    if given["changes"]:  # what has changed has not been run
        changed = [cell for cell in notebook.cells if given["changes"][0][1] in cell.source]
        assert all(cell.outputs == [] for cell in changed if cell.cell_type == "code")
