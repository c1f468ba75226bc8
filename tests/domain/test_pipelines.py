"""A pipeline's declaration is checked before anything runs."""

import pytest

from app.domain.pipelines import Part, PipelineError, PipelineSpec, StepSpec, check, check_parts, first_steps, order


def spec(*steps: StepSpec) -> PipelineSpec:
    return PipelineSpec(name="p", summary="", cron="0 0 * * *", steps=steps)


def step(name: str, *needs: str, fan_out_of: str | None = None, deadline_s: float = 1) -> StepSpec:
    return StepSpec(name=name, summary="", needs=needs, fan_out_of=fan_out_of, deadline_s=deadline_s)


FANNED = spec(step("merge", "fetch"), step("plan"), step("fetch", fan_out_of="plan"))
NESTED = spec(step("plan"), step("fetch", fan_out_of="plan"), step("pages", fan_out_of="fetch"), step("end", "pages"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (spec(), "no steps"),
        (spec(step("a"), step("a")), "a step twice: a"),
        (spec(step("a", "b")), "no step 'b'"),
        (spec(step("a", "b"), step("b", "a")), "circle: a, b"),
        (spec(step("a", fan_out_of="a")), "circle"),
        (spec(step("a", fan_out_of="b"), step("b", fan_out_of="a")), "circle"),
        (spec(step("a", fan_out_of="ghost")), "no step 'ghost'"),
        (spec(step("a", deadline_s=0)), "deadline"),
        (spec(step("a", "b"), step("b", fan_out_of="a")), "circle"),
    ],
)
def test_contradictions_are_refused(wrong: PipelineSpec, said: str) -> None:
    with pytest.raises(PipelineError, match=said):
        check(wrong)


def test_order_puts_each_step_after_its_needs() -> None:
    check(FANNED)
    assert order(FANNED) == ("plan", "fetch", "merge")


def test_who_waits_for_parts_also_waits_for_whoever_makes_them() -> None:
    check(NESTED)
    assert FANNED.needs("merge") == ("fetch", "plan")
    assert NESTED.needs("end") == ("pages", "fetch", "plan")
    assert NESTED.needs("fetch") == ("plan",)


def test_fanned_out_steps_have_no_row_at_first() -> None:
    assert [each.name for each in first_steps(NESTED)] == ["plan", "end"]


@pytest.mark.parametrize(
    ("by", "parts", "said"),
    [
        ("merge", (Part(step="fetch", part="1"),), "may not make parts"),
        ("plan", (Part(step="merge", part="1"),), "may not make parts"),
        ("plan", (Part(step="ghost", part="1"),), "no step 'ghost'"),
        ("plan", (Part(step="fetch", part=""),), "with a name"),
        ("plan", (Part(step="fetch", part="1", delay_s=1e9),), "delay"),
        ("plan", (Part(step="fetch", part="1"), Part(step="fetch", part="1")), "same name twice"),
    ],
)
def test_wrong_parts_are_refused(by: str, parts: tuple[Part, ...], said: str) -> None:
    with pytest.raises(PipelineError, match=said):
        check_parts(FANNED, by, parts)


def test_a_part_may_make_the_next_part_of_its_own_step() -> None:
    check_parts(FANNED, "fetch", (Part(step="fetch", part="page-2", delay_s=1.5),))
