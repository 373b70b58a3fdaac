"""libvips' worker: `python vips.py JOB`. Speaks as contestants.rs says."""
import json
import os
import re
import sys
import time

os.environ["VIPS_CONCURRENCY"] = "1"
import pyvips  # noqa: E402 (reads its environment when it is loaded)


def make(path, to):
    """Each rendition from the file: libvips shrinks while it loads, and turns upright."""
    header = pyvips.Image.new_from_file(path)
    # To convert to sRGB what has no profile would cost it much and change nothing.
    has_colours = header.get_typeof("icc-profile-data") or header.interpretation == "cmyk"
    colours = {"output_profile": "srgb"} if has_colours else {}
    for edge, quality, name in ((320, 80, "thumbnail"), (1600, 82, "proof")):
        picture = pyvips.Image.thumbnail(path, edge, height=edge, size="down", fail_on="warning", **colours)
        picture.jpegsave(f"{to}-{name}.jpg", Q=quality, keep="none")


def peak_mb():
    """The most memory of this process until now."""
    with open("/proc/self/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s*(\d+)", status.read())[1]) / 1024


def say(**said):
    """One line of JSON."""
    print(json.dumps(said), flush=True)


def main():
    """Warms up, then measures each photo of the job."""
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    version = f"pyvips {pyvips.__version__}, libvips " + ".".join(str(pyvips.version(part)) for part in range(3))
    started = {"version": version, "cpu_s": time.process_time(), "base_mb": peak_mb()}
    try:
        make(job["warm_up"], f"{job['out']}/0")
    except pyvips.Error:
        pass  # said when its turn comes
    say(started=started)
    for photo, path in enumerate(job["photos"]):
        cpu, wall = time.process_time(), time.perf_counter()
        try:
            make(path, f"{job['out']}/{photo}")
            cpu_s, wall_s = time.process_time() - cpu, time.perf_counter() - wall
            say(done={"photo": photo, "cpu_s": cpu_s, "wall_s": wall_s, "peak_mb": peak_mb()})
        except pyvips.Error as error:
            say(failed={"photo": photo, "reason": str(error)})


main()
