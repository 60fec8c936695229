"""The movie as MP4, where the extra that brings the encoder is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_ablate.render.movie import FRAME_MS, frame_times, write_movie
from gpu_ablate.render.view import look_at
from gpu_ablate.result.result import Result

ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="the extra movie is not installed")


def test_the_mp4_shows_as_many_frames_as_the_webp(result: Result, tmp_path: Path) -> None:
    write_movie(result, look_at(result, result.final["cem43"] >= 240, None), "Title", tmp_path / "a.webp")
    frames, seconds = ffmpeg.count_frames_and_secs(str(tmp_path / "a.mp4"))
    assert frames == len(frame_times(result))
    assert seconds == pytest.approx(frames * FRAME_MS / 1000, rel=0.05)
