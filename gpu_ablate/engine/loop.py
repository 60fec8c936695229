"""The time loop: super-steps that end at every switch, record and trace time of all courses that go together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress

from gpu_ablate.engine.backend import Stepper
from gpu_ablate.engine.checkpoint import Checkpoints
from gpu_ablate.engine.course import CLOSE, Course, Progress
from gpu_ablate.engine.interrupt import interrupt_noted
from gpu_ablate.engine.stepping import plain, plan
from gpu_ablate.errors import RunError
from gpu_ablate.result.result import Result


def run(
    courses: Sequence[Course], stepper: Stepper, backend: str, checkpoints: Checkpoints | None = None
) -> list[Result]:
    """Compute courses to their ends, on a backend of this name that steps them together.

    Ctrl-C ends them at the end of a super-step (status "interrupted"), with a checkpoint. If something goes wrong that
    `Guard` watches, the status of a course is "failed", `run["failure"]` says what, and what was recorded until then
    stays; the others go on.

    checkpoints : of a course that goes alone
    """
    loop = TimeLoop(courses, stepper, backend)
    with interrupt_noted() as stopped:
        with suppress(KeyboardInterrupt):  # raised by `progress`, between two super-steps
            loop.go(stopped, checkpoints.after_step if checkpoints else lambda _: None)
        for course in courses:
            if course.goes_on:
                course.status = "interrupted"
                if checkpoints:
                    checkpoints.write(course)
                course.keep()
    return [loop.results.get(index) or course.result(backend) for index, course in enumerate(courses)]


class TimeLoop:
    """Steps courses from one super-step to the next.

    Attributes
    ----------
    results : of the courses that have ended before the last one, by their places
    """

    def __init__(self, courses: Sequence[Course], stepper: Stepper, backend: str) -> None:
        self.courses, self.stepper, self.backend = courses, stepper, backend
        self.results: dict[int, Result] = {}

    def go(self, stopped: Callable[[], bool], after_step: Callable[[Course], None]) -> None:
        """Compute until all have ended, or until `stopped` says so after a super-step."""
        for course in self.courses:
            self._checked(course, course.settle)
        while active := [course for course in self.courses if course.goes_on]:
            if stopped():
                return
            self._read_ended()
            self._advance(active)
            for course in active:
                self._checked(course, course.settle)
                after_step(course)
                course.progress(Progress(course.time, course.end))

    def _read_ended(self) -> None:
        """Take down what came of courses that have ended while others go on; they are heated no more."""
        for index, course in enumerate(self.courses):
            if not course.goes_on and index not in self.results:
                self.results[index] = course.result(self.backend)
                course.backend.set_source({})

    def _checked(self, course: Course, work: Callable[[], None]) -> None:
        """Do something that shows whether a course went wrong."""
        if course.status == "done":
            try:
                work()
            except RunError as error:
                course.fail(error)

    def _advance(self, active: Sequence[Course]) -> None:
        """Take one super-step: to the next time at which something is due, or an even part of the way."""
        now, accuracy = active[0].time, active[0].case.run.accuracy
        next_time = min(course.next_time() for course in active)
        longest = min(course.longest() for course in active)
        span = (next_time - now) / max(1, math.ceil((next_time - now) / longest - CLOSE))
        before = [(course.film, course.outside) for course in active]
        for course in active:
            course.drive(now + 0.5 * span)
        limit = min(course.stable_step(span) for course in active)
        if any(course.wild(acted) for course, acted in zip(active, before, strict=True)):
            step = plain(span, limit)  # which cannot overshoot; an RKL step needs to know the pace
        else:
            step = plan(span, limit, accuracy)
        if step.span < span:
            for course in active:
                course.drive(now + 0.5 * step.span)
        self.stepper.advance(step)
        for course in active:
            course.ranges = course.backend.ranges()
        if step.scheme != "euler" and any(course.overshot(step) for course in active):
            self.stepper.undo()
            for course in active:
                course.steps += step.count
            step = plain(step.span, limit)
            self.stepper.advance(step)
            for course in active:
                course.ranges = course.backend.ranges()
        self.stepper.keep()
        if step.span < next_time - now - CLOSE:
            next_time = now + step.span
        for course in active:
            self._checked(course, lambda course=course: course.accept(next_time, step))  # type: ignore[misc]
