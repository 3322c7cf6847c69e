"""The state folder: how it is made, and what is in its entries' places that must not be followed or believed."""
import fcntl
import os
import shutil
import stat
import subprocess

from lab import IMAGE, check_whole, environment, expect, main, need_root, read, same, snapshot, test

STRANGER = 12345


def mode_of(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


@test
def modes_do_not_depend_on_the_umask(lab):
    for umask in (0o000, 0o022, 0o077, 0o177):
        if umask == 0o177 and os.geteuid() != 0:
            continue
        shutil.rmtree(lab.state, ignore_errors=True)
        lab.apply(umask=umask)
        revision = lab.in_force()
        same(mode_of(lab.state_path(IMAGE)), 0o600, f"the image, umask {umask:03o}")
        same(mode_of(lab.state_path("history", f"{revision}.image")), 0o600, f"the kept image, umask {umask:03o}")
        for name in ("history", "history/log", "lock"):
            expect(mode_of(lab.state_path(name)) & 0o077 == 0, f"{name}, umask {umask:03o}")
        expect(mode_of(lab.state) & 0o022 == 0, f"the folder, umask {umask:03o}")


@test
def folder_is_made_but_not_those_above_it(lab):
    lab.apply()
    lab.state = os.path.join(lab.folder, "not", "there")
    result = lab.apply(status=1)
    expect(lab.state in result.err and "Not applied: nothing is in force." in result.err, "what is said", result)
    found = lab.apply("--json", status=1).json()
    same((found["outcome"], found["in_force"], found["errors"][0]["file"]), ("failed", False, lab.state), "the JSON")


@test
def folder_that_others_can_write_is_refused(lab):
    lab.apply()
    lab.rename_office("Bureau")
    before = lab.snapshot(but=(".", "lock"))
    for mode in (0o775, 0o757, 0o777):
        os.chmod(lab.state, mode)
        result = lab.apply(status=1)
        expect("can be written by group or others" in result.err, f"mode {mode:o}", result)
        lab.rollback(status=1)
        lab.run("status", config=False, status=3)
        lab.run("history", config=False, status=3)
        same(lab.snapshot(but=(".", "lock")), before, "the folder")
    os.chmod(lab.state, 0o755)
    lab.apply()


@test
def folder_above_that_others_can_write_is_refused(lab):
    above = os.path.join(lab.folder, "above")
    os.mkdir(above)
    lab.state = os.path.join(above, "state")
    os.chmod(above, 0o777)
    result = lab.apply(status=1)
    expect("can be written by group or others" in result.err, "what is said", result)


@test
def folder_of_a_stranger_is_refused(lab):
    need_root()
    lab.apply()
    lab.rename_office("Bureau")
    before = lab.snapshot(but=(".", "lock"))
    os.chown(lab.state, STRANGER, STRANGER)
    result = lab.apply(status=1)
    expect(str(STRANGER) in result.err, "what is said", result)
    lab.rollback(status=1)
    lab.run("status", config=False, status=3)
    same(lab.snapshot(but=(".", "lock")), before, "the folder")


@test
def image_of_a_stranger_is_not_believed_and_is_replaced(lab):
    need_root()
    lab.apply()
    os.chown(lab.state_path(IMAGE), STRANGER, STRANGER)
    result = lab.run("status", config=False, status=3)
    expect(str(STRANGER) in result.err, "what is said", result)
    lab.rename_office("Bureau")
    result = lab.apply()
    expect("could not be read" in result.out, "what is said", result)
    same(os.lstat(lab.state_path(IMAGE)).st_uid, 0, "the new one's owner")
    lab.run("status", config=False, status=0)


@test
def file_in_the_folder_s_place_is_refused(lab):
    with open(lab.state, "w", encoding="utf-8") as file:
        file.write("mine")
    lab.apply(status=1)
    same(read(lab.state), b"mine", "the file")


def outside(lab, text=b"precious\n"):
    path = os.path.join(lab.folder, "outside")
    with open(path, "wb") as file:
        file.write(text)
    os.chmod(path, 0o644)
    return path


@test
def links_in_the_places_of_what_apply_writes_are_not_followed(lab):
    for name in (IMAGE + ".new", "intent.new", "intent"):
        shutil.rmtree(lab.state, ignore_errors=True)
        os.mkdir(lab.state)
        path = outside(lab)
        os.symlink(path, lab.state_path(name))
        lab.apply()
        same((read(path), mode_of(path)), (b"precious\n", 0o644), f"what {name} led to")
        check_whole(lab, [lab.in_force()])


@test
def links_in_the_places_of_lock_and_log_are_refused(lab):
    lab.apply()
    first = lab.in_force()
    lab.rename_office("Bureau")
    for name in ("lock", "history/log"):
        path = outside(lab)
        kept = lab.state_path(name) + ".kept"
        os.rename(lab.state_path(name), kept)
        os.symlink(path, lab.state_path(name))
        before = lab.image()
        result = lab.apply(status=1)
        expect(lab.state_path(name) in result.err, f"{name}: what is said", result)
        expect("nothing is in force" not in result.err, f"{name}: something is in force", result)
        lab.rollback(status=1)
        same((read(path), mode_of(path)), (b"precious\n", 0o644), f"what {name} led to")
        same(lab.image(), before, "the image in force")
        os.rename(kept, lab.state_path(name))
    lab.apply()
    check_whole(lab, [first, lab.in_force()])


@test
def link_in_the_image_s_place_is_replaced_and_not_written_through(lab):
    lab.apply()
    image = lab.image()
    path = outside(lab, image)
    os.chmod(path, 0o600)
    os.unlink(lab.state_path(IMAGE))
    os.symlink(path, lab.state_path(IMAGE))
    lab.rename_office("Bureau")
    lab.apply()
    same((read(path), mode_of(path)), (image, 0o600), "what the link led to")
    expect(stat.S_ISREG(os.lstat(lab.state_path(IMAGE)).st_mode), "the new one is no file")
    lab.run("status", config=False, status=0)


@test
def log_of_another_kind_is_refused_at_once(lab):
    lab.apply()
    lab.rename_office("Bureau")
    image = lab.image()
    for make in (os.mkfifo, os.mkdir):
        os.rename(lab.state_path("history", "log"), lab.state_path("kept"))
        make(lab.state_path("history", "log"))
        result = lab.run("apply")
        expect(result.status == 1 or make is os.mkfifo, f"{make.__name__}", result)
        if make is os.mkdir:
            same(lab.image(), image, "the image in force")
            os.rmdir(lab.state_path("history", "log"))
            os.rename(lab.state_path("kept"), lab.state_path("history", "log"))
        else:
            # a FIFO is nothing that an administrator makes; but nothing waits for its writer
            os.unlink(lab.state_path("history", "log"))
            os.rename(lab.state_path("kept"), lab.state_path("history", "log"))
            lab.run("apply")
            image = lab.image()
            lab.rename_office("Lodge", was="Bureau")
    lab.apply()


@test
def what_was_left_of_an_interrupted_apply_is_swept_away(lab):
    lab.apply()
    first = lab.in_force()
    for name in (IMAGE + ".new", "intent", "intent.new"):
        with open(lab.state_path(name), "wb") as file:
            file.write(b"half")
    same([record["revision"] for record in lab.history()], [first], "the history, before")
    same(lab.apply("--json").json()["outcome"], "unchanged", "the outcome")
    check_whole(lab, [first])


@test
def history_that_was_removed_begins_anew(lab):
    lab.apply()
    shutil.rmtree(lab.state_path("history"))
    first = lab.in_force()
    same(lab.history(), [], "the history")
    lab.rename_office("Bureau")
    lab.apply()
    same([(record["number"], record["replaced"]) for record in lab.history()], [(2, first), (1, None)],
         "the history")


@test
def another_folder_is_another_state(lab):
    lab.apply()
    first = lab.in_force()
    before = lab.snapshot()
    lab.rename_office("Bureau")
    elsewhere, lab.state = lab.state, os.path.join(lab.folder, "other")
    lab.apply()
    expect(lab.in_force() != first, "the other one's revision")
    lab.state = elsewhere
    same(lab.snapshot(), before, "the first one")


@test
def unprivileged_user_has_a_state_of_his_own(lab):
    need_root()
    os.chmod(lab.folder, 0o755)
    os.chown(lab.policy, STRANGER, STRANGER)
    for name in os.listdir(lab.policy):
        os.chown(lab.path(name), STRANGER, STRANGER)
    home = os.path.join(lab.folder, "home")
    os.mkdir(home, 0o755)
    os.chown(home, STRANGER, STRANGER)
    lab.state = os.path.join(home, "state")
    binary = os.path.join(home, "accesspolicy")
    command = lab.command("apply")
    shutil.copyfile(command[0], binary)
    os.chmod(binary, 0o755)
    done = subprocess.run([binary] + command[1:], user=STRANGER, group=STRANGER, extra_groups=[],
                          stdin=subprocess.DEVNULL, capture_output=True, cwd="/", env=environment(), check=False)
    same((done.returncode, done.stderr), (0, b""), "its status")
    same({owner[1] for owner in snapshot(lab.state).values()}, {STRANGER}, "the owners")
    result = lab.run("status", config=False)
    same(result.status, 3, "root does not believe it")


@test
def lock_that_is_held_is_waited_for_without_harm(lab):
    lab.apply()
    with open(lab.state_path("lock"), "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lab.run("status", config=False, status=0)
        lab.run("history", config=False, status=0)
        lab.apply("--dry-run")
        lab.rename_office("Bureau")
        waiting = subprocess.Popen(lab.command("apply"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=environment(), cwd=lab.folder)
        try:
            waiting.wait(0.5)
            expect(False, "it did not wait", waiting.communicate())
        except subprocess.TimeoutExpired:
            pass
    waiting.communicate()
    same(waiting.returncode, 0, "its status, once the lock is free")
    same(len(lab.history()), 2, "the history")


main()
