"""Grading: answers in processes of their own, judged as in a notebook; and hostile ones, which gain nothing."""

import ast
import dataclasses
import importlib
import inspect
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time

import notebook_code
import pytest
import torch

from helpers.exercises.check import Check
from teaching import catalogue, kernel, marking, reading, sandbox
from teaching.catalogue import Part
from teaching.cells import cells_of
from teaching.codec import BadMessage, Codec
from teaching.link import Link
from teaching.processes import Zygote
from teaching.remote import Process
from teaching.submissions import task as task_of
from tools import common

if not hasattr(os, "fork"):
    pytest.skip("this system has no fork", allow_module_level=True)
SECONDS = 3
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux refuses these things, others do not")
CHECKS = {
    (section.name, part.check): section.check(part) for section in catalogue.sections() for part in section.parts()
}


@pytest.fixture(scope="module")
def zygote(tmp_path_factory):
    closed = tmp_path_factory.mktemp("closed")
    (closed / "other.ipynb").write_text("the answer of another student")
    made = Zygote(["math", "helpers.encoder_decoder"], [closed], SECONDS, memory=2 << 30)
    made.other = closed / "other.ipynb"
    yield made
    made.close()


@pytest.fixture(scope="module")
def patient():
    """A zygote for answers that train, on a machine that has much else to do."""
    made = Zygote(["math", "helpers.encoder_decoder"], seconds=60)
    yield made
    made.close()


@pytest.fixture
def mark(zygote, monkeypatch):
    """Return a function that marks the code of an answer with the check of a part, without fresh cases."""
    return marks_with(zygote, monkeypatch)


@pytest.fixture
def patient_mark(patient, monkeypatch):
    return marks_with(patient, monkeypatch)


def marks_with(zygote, monkeypatch):
    monkeypatch.setattr(marking, "_zygote", zygote)

    def marked(section: str, part: Part, *statements: str):
        task = marking.Task(section, {part.answer: list(statements)}, 0, SECONDS)
        return marking._mark(CHECKS[section, part.check], part, task, [], SECONDS)

    return marked


# --- as in a notebook ------------------------------------------------------------------------------------------------


def marks(zygote, monkeypatch, section, path, without=()) -> dict[str, tuple]:
    """Return (status, message) for each check, for the notebook at this path."""
    monkeypatch.setattr(marking, "_zygote", zygote)
    task = task_of(reading.read(cells_of(path.name, path.read_bytes())), section, 7, SECONDS)
    task.statements.update(dict.fromkeys(without, "there is no time"))
    found = marking.mark(task)
    assert "a guard inside Python" in found["protections"]
    return {part["check"]: (part["status"], part["message"]) for part in found["parts"]}


@pytest.mark.parametrize("section", catalogue.sections(), ids=lambda section: section.name)
def test_every_solution_is_right_with_fresh_cases_too(zygote, monkeypatch, section):
    slow = {"train", "forward_backward", "fixed_lag", "exact_list"} if section.name != "lstm" else {"train"}
    found = marks(zygote, monkeypatch, section, section.solutions, without=slow & {p.answer for p in section.parts()})
    assert {status for status, message in found.values() if message != "there is no time"} == {"correct"}, found


@pytest.mark.torture
@pytest.mark.parametrize("section", catalogue.sections(), ids=lambda section: section.name)
def test_every_solution_gets_all_points(patient, monkeypatch, section):
    found = marks(patient, monkeypatch, section, section.solutions)
    assert {status for status, _ in found.values()} == {"correct"}, found


@pytest.mark.parametrize("name", ["gru", "lstm"])
def test_a_stub_is_not_attempted(zygote, monkeypatch, name):
    section = catalogue.section(name)
    found = marks(zygote, monkeypatch, section, section.path)
    assert {status for status, _ in found.values()} == {"not solved yet"}, found


# In a process of an answer the checks do not exist. Here they are sent there as text, for the wrong answers that they
# know: what a slip computes there must get the verdict that it gets here.
MAKE = """
import sys, types
def make(name, text):
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(text, name, "exec"), module.__dict__)
    if "." in name:
        setattr(sys.modules[name.rpartition(".")[0]], name.rpartition(".")[2], module)
"""


def sent(modules: dict[str, str]) -> list[str]:
    return [MAKE, *[f"from builtins import len\nmake({name!r}, {text!r})" for name, text in modules.items()]]


def module_of(section: str) -> str:
    return catalogue.section(section).module.__name__.rpartition(".")[2]


def checks_of(section: str) -> dict[str, str]:
    """The module of a section's checks, and those that it imports, as text."""
    folder = common.ROOT / "helpers" / "exercises"
    names = ["messages", "returned", "check", module_of(section)]
    return {f"helpers.exercises.{name}": (folder / f"{name}.py").read_text() for name in names}


def slips_there(section: str, check: str, key: str) -> list[str]:
    choice = f"answer = sys.modules['helpers.exercises.{module_of(section)}'].{check}.slips[{key!r}]"
    return [*sent(checks_of(section)), f"import torch\n{choice}"]


# The notebooks cannot be read there either: this stands in for tests/notebook_code.py.
NOTEBOOK_CODE = """
import contextlib
def definitions(name, before=None, **given):
    namespace = dict(given)
    for text in {texts!r}[name]:
        with contextlib.suppress(NameError):
            exec(text, namespace)
    return namespace
"""


def answers_there(section: str) -> dict[str, str]:
    """The module of a section's further answers, and what it imports, as text."""
    name = f"answers.{module_of(section)}"
    text = inspect.getsource(importlib.import_module(name))
    books = re.findall(r'\bdefinitions\("([\w/-]+)"', text)
    texts = {book: [ast.unparse(node) for node in notebook_code.statements(book, given={"V"})] for book in books}
    return {**checks_of(section), "notebook_code": NOTEBOOK_CODE.format(texts=texts), "answers": "", name: text}


def same_verdict(mark, section, check, statements, function):
    here = CHECKS[section, check](function)
    there = mark(section, Part(check, "answer"), *statements)
    assert (there.status, there.message) == (here.status, here.message)


SLIPS = [(section, check, key) for (section, check), found in CHECKS.items() for key in found.slips]
SLIPS = [slip for slip in SLIPS if slip[1] != "check_exact_list"]  # its slips ask for what no student is given
SOME = [slip for i, slip in enumerate(SLIPS) if slip[:2] != SLIPS[i - 1][:2]]


@pytest.mark.parametrize(("section", "check", "key"), SOME)
def test_a_slip_is_recognised_as_in_the_notebook(mark, section, check, key):
    same_verdict(mark, section, check, slips_there(section, check, key), CHECKS[section, check].slips[key])


@pytest.mark.torture
@pytest.mark.parametrize(("section", "check", "key"), SLIPS)
def test_each_slip_is_recognised_as_in_the_notebook(mark, section, check, key):
    same_verdict(mark, section, check, slips_there(section, check, key), CHECKS[section, check].slips[key])


@pytest.mark.torture
@pytest.mark.parametrize("kind", ["RIGHT", "WRONG"])
@pytest.mark.parametrize(("section", "check"), CHECKS)
def test_other_answers_get_the_verdict_of_the_notebook(patient_mark, section, check, kind):
    name, texts = f"answers.{module_of(section)}", answers_there(section)
    for key, function in getattr(importlib.import_module(name), kind, {}).get(check, {}).items():
        pick = "[0]" if kind == "WRONG" else ""
        statements = [*sent(texts), f"answer = sys.modules[{name!r}].{kind}[{check!r}][{key!r}]{pick}"]
        same_verdict(patient_mark, section, check, statements, function[0] if kind == "WRONG" else function)


FORECASTER = """
import torch
from torch import nn
class Lazy(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.weights = nn.LSTM(1, 2, batch_first=True), None
    def forward(self, X):
        self.lstm(X[..., None])
        return X[:, -20:] @ self.weights
def train(X, Y):
    model = Lazy().requires_grad_(False)
    model.weights = torch.linalg.lstsq(X, Y[:, None]).solution[:, 0]
    return {result}
"""


@pytest.mark.parametrize("result", ["model", "lambda windows: model(windows)"])
def test_an_lstm_that_runs_for_show_is_seen_through(mark, result):
    found = mark("lstm", Part("check_forecaster", "train"), FORECASTER.format(result=result))
    assert "the nn.LSTM hardly matters" in found.message


PAIR = """
from torch import nn
import torch
from helpers.encoder_decoder import Encoder, Decoder
class LSTMEncoder(Encoder):
    def __init__(self, V):
        super().__init__()
        self.embedding, self.layer = nn.Embedding(V, 16), nn.LSTM(16, {width}, 2, batch_first=True)
    def forward(self, tokens, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(tokens), lengths, True, enforce_sorted=False)
        return torch.cat([*self.layer(packed)[1][0]], -1){detach}
class Bridged(Decoder):
    def __init__(self, V):
        super().__init__()
        self.bridge, self.embedding = nn.Linear(48, 40), nn.Embedding(V, 16)
        self.layer, self.output = nn.GRU(16, 40, batch_first=True), nn.Linear(40, V)
    def init_state(self, encoded):
        return torch.tanh(self.bridge(encoded))[None]
    def forward(self, tokens, state):
        outputs, state = self.layer(self.embedding(tokens), state)
        return self.output(outputs), state
    def reorder(self, state, index):
        return {reorder}
def make_pair(V):
    return LSTMEncoder(V), Bridged(V)
"""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "an LSTM reads, a GRU of another width writes"),
        ({"width": 25}, "the nn.LSTM has (layers, units) (2, 25)"),
        ({"detach": ".detach()"}, "no gradient reaches weight_ih_l0 of the LSTM"),
        ({"reorder": "state[:, 0 * index]"}, "reorder does not pick the rows asked for"),
    ],
    ids=["right", "width", "detached", "reorder"],
)
def test_a_pair_of_modules_is_judged_where_it_cannot_touch_the_judge(mark, change, message):
    code = PAIR.format(**{"width": 24, "detach": "", "reorder": "state[:, index]"} | change)
    assert message in mark("encoder-decoder", Part("check_make_pair", "make_pair"), code).message


CLAIMS = """
from torch import nn
class Claims(nn.LSTM):
    def forward(self, X):
        self.num_layers, self.hidden_size = 1, 48
        found = super().forward(X)
        self.num_layers, self.hidden_size = 2, 24
        return found
def claims():
    layer = Claims(16, 48, batch_first=True)
    layer.num_layers, layer.hidden_size = 2, 24
    return layer
"""


def test_a_layer_that_claims_another_size_gains_nothing(mark):
    code = PAIR.format(width=24, detach="", reorder="state[:, index]")
    code = CLAIMS + code.replace("nn.LSTM(16, 24, 2, batch_first=True)", "claims()")
    found = mark("encoder-decoder", Part("check_make_pair", "make_pair"), code)
    assert "no gradient reaches weight_ih_l0 of the LSTM" in found.message


# --- hostile answers -------------------------------------------------------------------------------------------------

HALF_LIFE = Part("check_half_life", "half_life")
RIGHT = "import math\ndef half_life(z): return math.inf if z == 1 else math.log(0.5, z)"
HOSTILE = {
    "loops": ("while True: pass", "does not come to an end within 3 seconds"),
    "sleeps": ("import time; time.sleep(99)", "does not come to an end within 3 seconds"),
    "catches all and loops": ("""
    while True:
        try:
            while True: pass
        except BaseException: pass""", "does not come to an end"),
    "exit()": ("exit()", "stops with"),
    "SystemExit": ("raise SystemExit(0)", "stops with SystemExit"),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", "stops with KeyboardInterrupt"),
    "os._exit": ("import os; os._exit(0)", "ends the whole process"),
    "dies": ("import os; os.abort()", "Python itself crash"),
    "recursion": ("return half_life(z)", "stops with RecursionError"),
    "returns itself": ("x = []; x.append(x); return x", "stops with RecursionError"),
    "memory": ("return len(bytearray(50 << 30))", "stops with MemoryError"),
    "memory of torch": ("import torch; return torch.ones(50 << 28)", "stops with RuntimeError"),
    "large result": ("import torch; return torch.ones(1).expand(1 << 30)", "too large to be handed back"),
    "fork": ("import os\n    while True: os.fork()", "stops with PermissionError"),
    "subprocess": ("import subprocess; subprocess.run(['true'])", "stops with PermissionError"),
    "kill": ("import os; os.kill(os.getppid(), 9)", "stops with PermissionError"),
    "socket": ("import socket; socket.create_connection(('127.0.0.1', 9))", "stops with PermissionError"),
    "ctypes": ("import ctypes; ctypes.CDLL(None)", "stops with PermissionError"),
    "gc": ("import gc; return gc.get_objects()", "stops with PermissionError"),
    "pipe": ("""
    import os
    for number in range(3, 99):
        try: os.write(number, b"x" * 99)
        except OSError: pass""", "cannot be read"),
    "closes the pipe": ("import os; os.closerange(3, 99); import time; time.sleep(9)", "the system had to end"),
    "torch.allclose": ("import torch; torch.allclose = lambda *a, **k: True; return 3.0", "the result is 3"),
    "math": ("import math; math.isclose = lambda *a, **k: True; return 3.0", "the result is 3"),
    "builtins": ("import builtins; builtins.abs = lambda x: 0; return 3.0", "the result is 3"),
    "evil numbers": ("""
    class Evil(float):
        def __eq__(self, other): return True
        __ne__ = __lt__ = __gt__ = lambda self, other: False
    return Evil(3.0)""", "the result is 3"),
    "evil pickle": ("""
    class Evil:
        def __reduce__(self): return (exec, ("import os; os._exit(3)",))
    return Evil()""", "which is not a number"),
    "evil error": ("""
    class Evil(Exception):
        def __str__(self): raise SystemExit
    raise Evil""", "an error that cannot be shown"),
    "Wrong and Verdict": ("""
    class Verdict: status = "correct"
    class Wrong(Exception): key, values = "correct", {}
    raise Wrong""", "your function stops with Wrong"),
    "the question": ("""
    from helpers.exercises import gru
    return gru.check_half_life.question(z)[1]""", "stops with AttributeError"),
    "imports the grader": ("import teaching.catalogue", "stops with"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_gains_nothing(mark, name):
    body, message = HOSTILE[name]
    found = mark("gru", HALF_LIFE, f"def half_life(z):\n    {body.strip()}")
    assert found.status == "wrong"
    assert message in found.message


def test_who_hands_in_endless_loops_does_not_hold_up_the_class(zygote, monkeypatch):
    monkeypatch.setattr(marking, "_zygote", zygote)
    section = catalogue.section("gru")
    endless = {part.answer: [f"def {part.answer}(*args):\n    while True: pass"] for part in section.parts()}
    task = marking.Task("gru", endless, 0, SECONDS)
    monkeypatch.setattr(marking, "HURRIED", 1)
    found = {part["check"]: part for part in marking.mark(task)["parts"]}
    seconds = [re.search(r"within (\d) seconds", part["message"])[1] for part in found.values()]
    assert seconds == ["3", "3", "1", "1", "1", "1"]
    assert found["check_update_only"]["doubt"] == "update_only had 1 seconds only, after 2 answers without an end"
    assert not found["check_reset_only"]["doubt"]


def test_an_answer_may_take_longer_by_the_clock_where_it_has_to_wait(zygote, monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (40.0 * os.cpu_count(), 0.0, 0.0))
    with zygote.running() as process:
        assert process.until - time.monotonic() > 20 * SECONDS


SPOILING = {
    "prints 50 MB": "import sys; [print('x' * 10**6, file=s) for s in (sys.stdout, sys.stderr) for _ in range(25)]",
    "changes folder": "import os; os.chdir('/')",
    "starts threads": """
        import threading, time
        try: [threading.Thread(target=time.sleep, args=(99,), daemon=True).start() for _ in range(9)]
        except RuntimeError: pass""",
    "ignores signals": "import signal; [signal.signal(n, signal.SIG_IGN) for n in (signal.SIGTERM, signal.SIGINT)]",
    "changes its environment": "import os; os.environ['PATH'] = ''; os.environ['PYTHONPATH'] = '/'",
    "changes torch": "import torch; torch.Tensor.__add__ = None; torch.manual_seed = None",
}


@pytest.mark.parametrize("name", SPOILING)
def test_a_right_answer_that_spoils_its_process_is_right_and_the_next_one_too(mark, name):
    code = (
        f"import math\ndef half_life(z):\n        {SPOILING[name].strip()}\n        return {RIGHT.split('return')[1]}"
    )
    assert mark("gru", HALF_LIFE, code).status == "correct"
    assert mark("gru", HALF_LIFE, RIGHT).status == "correct"


DELETES = {
    "rmtree": "import shutil; shutil.rmtree({folder!r})",
    "rmtree, quietly": "import shutil; shutil.rmtree({folder!r}, ignore_errors=True)",
    "remove": "import os; os.remove({file!r})",
    "rename": "import os; os.rename({file!r}, 'mine')",
    "open": "open({file!r}, 'w')",
    "os.open": "import os; os.open({file!r}, os.O_RDWR | os.O_TRUNC)",
    "chmod": "import os; os.chmod({file!r}, 0)",
    "pathlib": "import pathlib; pathlib.Path({file!r}).write_text('gone')",
    "through a link": "import os; os.symlink({folder!r}, 'link'); open('link/canary', 'w')",
    "torch.save": "import torch; torch.save(torch.ones(3), {file!r})",
    "from_file": "import torch; torch.from_file({file!r}, shared=True, size=2).fill_(7.0)",
    "C++": "import torch; torch._C.PyTorchFileWriter({file!r})",
    "the guard fooled": "import os; os.path.realpath = lambda path: os.getcwd() + '/x'; open({file!r}, 'w')",
}


@pytest.mark.parametrize("name", DELETES)
def test_the_files_of_others_survive(mark, tmp_path, name):
    if name in ("from_file", "C++") and sys.platform != "linux":
        pytest.skip("only Linux refuses this")
    folder = tmp_path / "home"
    folder.mkdir()
    folder.chmod(0o777)
    canary = folder / "canary"
    canary.write_text("alive and well")
    canary.chmod(0o666)
    body = DELETES[name].format(folder=str(folder), file=str(canary))
    found = mark("gru", HALF_LIFE, f"def half_life(z):\n    {body}\n    return 3.0")
    assert found.status == "wrong"
    assert canary.read_text() == "alive and well"
    assert canary.stat().st_mode & 0o777 == 0o666


READS = [
    "open({path!r}).read()",
    "__import__('os').listdir({folder!r})",
    "__import__('numpy').fromfile({path!r}, dtype='u1').tobytes()",
    "__import__('linecache').getlines({path!r})",
    pytest.param("__import__('torch').from_file({path!r}, size=5).tolist()", marks=ON_LINUX),
]


@pytest.mark.parametrize("reads", READS)
def test_solutions_checks_and_other_submissions_cannot_be_read(mark, zygote, reads):
    section = catalogue.section("gru")
    for path in (section.solutions, section.module.__file__, zygote.other, marking.__file__):
        body = reads.format(path=str(path), folder=os.path.dirname(path))
        code = f"def half_life(z):\n    x = {body}\n    if x: raise LookupError('read')\n    return 3.0"
        found = mark("gru", HALF_LIFE, code)
        assert found.status == "wrong"
        assert "LookupError" not in found.message


def test_a_tensor_that_decides_for_itself_is_taken_for_its_numbers(mark):
    code = """
import torch
class Evil(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True
def reset_only(X, H, *rest):
    return torch.zeros_like(H).as_subclass(Evil)
"""
    found = mark("gru", Part("check_reset_only", "reset_only"), code)
    assert "the result is off by" in found.message


def test_a_forged_graph_is_no_gradient(mark):
    code = """
import torch
def reset_only(X, H, W_xr, W_hr, b_r, W_xh, W_hh, b_h):
    R = torch.sigmoid(X @ W_xr + H @ W_hr + b_r).detach()
    return torch.tanh(X @ W_xh + (R * H) @ W_hh + b_h)
"""
    assert "its gradient is not" in mark("gru", Part("check_reset_only", "reset_only"), code).message


def test_code_that_the_answer_needs_and_that_fails_is_said_to(mark):
    found = mark("gru", HALF_LIFE, "table = {}['x']", RIGHT)
    assert found.message == "the code that your function needs stops with KeyError: 'x'"


def test_nothing_is_left_of_a_process(zygote):
    before = set(os.listdir(zygote.folder))
    with zygote.running() as process:
        process.define(["open('mine', 'w').write('x')\nf = print"], "f")
        assert set(os.listdir(zygote.folder)) - before
    assert set(os.listdir(zygote.folder)) == before
    assert not {"helpers.exercises.gru", "teaching.catalogue"} & _modules(zygote)


def _modules(zygote) -> set[str]:
    """Names of the modules of a process that come from a file."""
    with zygote.running() as process:
        code = "import sys\ndef f(): return [n for n, m in sys.modules.items() if hasattr(m, '__file__')]"
        return set(process.define([code], "f")())


# --- the walls, without the guard ------------------------------------------------------------------------------------

WALLS = """
import os, signal, socket, sys
from pathlib import Path
from teaching import kernel
folder, secret = map(Path, sys.argv[1:])
def refused(action):
    try: action()
    except OSError as error: return error.errno in (1, 13)
    return False
kept = [Path(sys.prefix), Path(sys.base_prefix), Path("/usr"), Path("/lib")]
print("landlock", not kernel.only_these_files(kept, folder) or (
    refused(lambda: open(secret).read()) and refused(lambda: open(secret, "w")) and refused(lambda: os.remove(secret))
    and (folder / "own").write_text("x") == 1))
print("seccomp", not kernel.filter_calls() or (
    refused(os.fork) and refused(socket.socket) and refused(lambda: os.kill(os.getppid(), 0)) and refused(os.setsid)
    and refused(lambda: os.execv("/bin/true", ["true"])) and refused(lambda: os.posix_spawn("/bin/true", ["x"], {}))))
import threading
thread = threading.Thread(target=lambda: print("threads True")); thread.start(); thread.join()
print("privileges", not kernel.no_privileges() or "CapEff:\\t0000000000000000" in "".join(
    f"{k}:\\t{v}" for k, v in [("CapEff", "0" * 16)]))
"""


@ON_LINUX
def test_linux_refuses_what_the_guard_would_not_see(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    (tmp_path / "folder").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", WALLS, tmp_path / "folder", secret], cwd=common.ROOT, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["True"] * 4
    assert secret.read_text() == "x"


def test_the_files_that_may_be_read_leave_the_checks_out():
    paths = sandbox._readable(common.ROOT)
    assert common.ROOT / "helpers" / "text.py" in paths
    for closed in ("helpers/exercises", "helpers/exercises/gru.py", "notebooks/solutions", "teaching", "tests"):
        assert not any((common.ROOT / closed).is_relative_to(path) for path in paths), closed


# --- messages --------------------------------------------------------------------------------------------------------


def carried(value, codec=None):
    """Return a value after a trip through the codec."""
    one, other = socket.socketpair()
    thread = threading.Thread(target=Link(one, Codec()).send, kwargs={"value": value})
    thread.start()
    found = Link(other, codec or Codec()).receive()["value"]
    thread.join()
    one.close(), other.close()
    return found


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "bfloat16", "float32", "float64", "complex64"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4)])
def test_tensors_travel_unchanged(dtype, shape):
    tensor = (torch.randn(shape) * 9).to(getattr(torch, dtype))
    found = carried((tensor, [tensor.mT if tensor.dim() > 1 else tensor]))
    assert found[0].dtype == tensor.dtype
    assert torch.equal(found[0], tensor)
    assert found[1][0].shape == (tensor.mT.shape if tensor.dim() > 1 else tensor.shape)


def test_plain_values_travel_unchanged():
    value = [
        None,
        True,
        False,
        0,
        -(2**200),
        0.1,
        float("inf"),
        -0.0,
        "é\u202f\ud800",
        (),
        [],
        ((1,), [2.5]),
        {"a": (1,)},
        [{1}, set(), frozenset({("a", 2.5)})],
    ]
    assert repr(carried(value)) == repr(value)


@pytest.mark.parametrize(
    "frame",
    [
        [["pickle", 0], [4]], [["tensor", "float32", [9], 0, None], [4]], [["tensor", "float32", [-1], 0, None], [4]],
        [["tensor", "object", [1], 0, None], [4]], [["array", "object", [1], 0], [4]], [["list", ["nothing"]], [4]],
        [["set", ["list", 1]], [4]],
        [["tensor", "float32", [2**40, 2**40], 0, None], [4]], [{"a": 1}, [4]], [[], [4]], ["text", [4]], [7], 7,
        [["dict", [["list"], 1]], [4]], [["dict", 1], [4]], [["module", 1], [4]], [["yours", 99], [4]], [1, [-4, 8]],
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_message_is_refused(frame):
    one, other = socket.socketpair()
    text = json.dumps(frame).encode()
    one.sendall(len(text).to_bytes(4, "little") + (4).to_bytes(4, "little") + text + b"cos\n")
    one.close()
    process = Process(other, None, 9, 9)
    with pytest.raises(BadMessage):
        process.link.receive()
    other.close()


def test_the_grader_never_reads_a_pickle():
    for module in ("codec", "dialogue", "gradients", "layers", "link", "marking", "processes", "remote"):
        text = (common.ROOT / "teaching" / f"{module}.py").read_text()
        assert not re.search(r"(pickle|torch|marshal)\.loads?\b|\b(eval|exec)\(", text)


def test_a_check_is_replaced_with_all_that_it_has():
    for check in CHECKS.values():
        more = dataclasses.replace(check, cases=[*check.cases])
        assert type(more) is type(check)
        assert isinstance(more, Check)


def test_kernel_says_false_elsewhere(monkeypatch):
    monkeypatch.setattr(kernel, "LINUX", False)
    assert not any([kernel.own_network(), kernel.no_privileges(), kernel.die_with_parent(), kernel.filter_calls()])
    assert not kernel.only_these_files([], common.ROOT)
