"""`enable`, `disable`, `report-only` and `delete`: one setting of a policy that is there, in its file and in force."""
import os
import stat
import subprocess

from lab import ROOT_FILE, environment, expect, main, need_root, read, same, snapshot, test

DROP_IN = "conf.d/50-kiosk.conf"
KIOSK = """// Asked for by the library.
policies = (
  { name = "Kiosk"; // its \\"name\\"
    type = "blacklist"; /* for now */
    scope = { all = true; }; ip = [ "198.51.100.0/24", // the hall
                                    "203.0.113.9" ]; }
);
"""


def text_of(lab, name=ROOT_FILE):
    return read(lab.path(name)).decode()


def statuses(lab):
    return {policy["name"]: policy["status"] for policy in
            lab.run("list", "--json", status=0).json()["policies"]}


def decision(lab, ip="198.51.100.7"):
    """By what is in force."""
    return lab.run("test", "--user", "alice", "--ip", ip, "--json", config=False).json()["decision"]


def prepared(lab):
    lab.write(DROP_IN, KIOSK.replace('\\"', "'"))
    lab.apply()


def leftovers(lab):
    return [name for _, _, files in os.walk(lab.policy) for name in files if name.endswith((".new", ".old"))]


@test
def a_status_in_the_file_and_in_force(lab):
    prepared(lab)
    before = text_of(lab, DROP_IN)
    same(decision(lab), "deny", "enabled")
    result = lab.run("disable", "Kiosk", status=0)
    expect(f"{lab.path(DROP_IN)}: changed" in result.out, "the file that was changed", result)
    same(text_of(lab, DROP_IN), before.replace('type = "blacklist"; /* for now */\n',
                                               'type = "blacklist";\n    status = "disabled"; /* for now */\n'),
         "the file's text")
    same((statuses(lab)["Kiosk"], decision(lab)), ("disabled", "allow"), "disabled")
    lab.run("report-only", "Kiosk", status=0)
    same((statuses(lab)["Kiosk"], decision(lab)), ("report-only", "allow"), "report-only")
    lab.run("enable", "Kiosk", status=0)
    same((statuses(lab)["Kiosk"], decision(lab)), ("enabled", "deny"), "enabled again")
    lab.run("status", config=False, status=0)
    same(leftovers(lab), [], "what is left beside the files")
    same(lab.history()[0]["summary"], "1 policy changed", "the history")
    same(len(lab.history()), 4, "how often something was put in force")


@test
def several_policies_of_several_files(lab):
    prepared(lab)
    lab.run("disable", "Kiosk", "Office", "Dropped", status=0)
    same(statuses(lab), {"Kiosk": "disabled", "Office": "disabled", "Dropped": "disabled"}, "the statuses")
    same(len(lab.history()), 2, "all at once")


@test
def what_is_so_already(lab):
    prepared(lab)
    before = snapshot(lab.policy)
    result = lab.run("enable", "Kiosk", status=0)
    expect("is in force already" in result.out, "what is printed", result)
    same(lab.run("enable", "Kiosk", "--json", status=0).json()["outcome"], "unchanged", "the JSON")
    same(snapshot(lab.policy), before, "the files")


@test
def an_unknown_policy(lab):
    prepared(lab)
    before = snapshot(lab.folder)
    result = lab.run("disable", "kiosk", status=2)
    expect('there is no policy "kiosk"; did you mean "Kiosk"?' in result.err, "what is said", result)
    lab.run("disable", "Kiosk", "nobody's", status=2)
    lab.run("delete", status=2)
    same(snapshot(lab.folder), before, "everything")


@test
def edits_of_others(lab):
    prepared(lab)
    lab.rename_office("Bureau")
    before = snapshot(lab.folder, but=("state/lock", "state"))
    for words in (("disable", "Kiosk"), ("delete", "Kiosk"), ("enable", "Kiosk")):
        result = lab.run(*words, status=1)
        expect(f"{lab.path(ROOT_FILE)}: refused: is changed and not in force yet" in result.err, "what is said",
               result)
        expect("--with-pending" in result.err, "what is to be done", result)
    same(snapshot(lab.folder, but=("state/lock", "state")), before, "everything")
    lab.run("disable", "Kiosk", "--with-pending", status=0)
    same(statuses(lab), {"Kiosk": "disabled", "Bureau": "enabled", "Dropped": "enabled"}, "the statuses")
    lab.run("status", config=False, status=0)


@test
def a_dry_run(lab):
    prepared(lab)
    before = snapshot(lab.folder)
    result = lab.run("disable", "Kiosk", "--dry-run", status=0)
    expect(f"{lab.path(DROP_IN)}: would be changed" in result.out, "what is printed", result)
    expect("status disabled, was enabled" in result.out, "the change", result)
    same(snapshot(lab.folder), before, "everything")


@test
def refused_by_an_assertion(lab):
    lab.write("conf.d/90-assertions.conf",
              'assertions = ( { user = "alice"; ip = "198.51.100.7"; client = "web"; expect = "deny"; } );\n')
    prepared(lab)
    before = snapshot(lab.policy)
    result = lab.run("disable", "Kiosk", status=1)
    expect("the assertion fails" in result.err, "what is said", result)
    same((snapshot(lab.policy), decision(lab)), (before, "deny"), "the files, and what is in force")
    lab.run("disable", "Kiosk", "--force", status=0)
    same((statuses(lab)["Kiosk"], lab.history()[0]["forced"]), ("disabled", True), "with --force")


@test
def deleted(lab):
    prepared(lab)
    result = lab.run("delete", "Kiosk", status=0)
    expect(f"{lab.path(DROP_IN)}: removed" in result.out, "what is printed", result)
    same((os.path.exists(lab.path(DROP_IN)), decision(lab)), (False, "allow"), "the drop-in, and what is in force")
    lab.run("delete", "Dropped", status=0)
    expect("Dropped" not in text_of(lab) and "Office" in text_of(lab) and "drop.netset" in text_of(lab),
           "the root file", text_of(lab))
    before = snapshot(lab.policy)
    result = lab.run("delete", "Office", status=1)
    expect("refused: no policy would be left" in result.err and '"accesspolicy disable"' in result.err, "the last one", result)
    same((snapshot(lab.policy), leftovers(lab)), (before, []), "the files")
    lab.run("status", config=False, status=0)


@test
def still_referred_to(lab):
    lab.write("conf.d/60-exception.conf", 'exceptions = ( { name = "X"; policies = [ "Kiosk" ]; '
              'members = [ "alice" ]; } );\n')
    prepared(lab)
    before = snapshot(lab.policy)
    result = lab.run("delete", "Kiosk", status=1)
    expect(f'{lab.path("conf.d/60-exception.conf")}:1: refused: exception "X" frees from policy "Kiosk"; delete it before'
           in result.err, "where it is referred to, and what to do", result)
    same(len(lab.run("delete", "Kiosk", "--json", status=1).json()["errors"]), 1, "the JSON")
    same(snapshot(lab.policy), before, "the files")
    lab.run("except", "delete", "X", status=0)
    lab.run("delete", "Kiosk", status=0)


@test
def still_replaced(lab):
    prepared(lab)
    lab.run("create", "--type", "blacklist", "--name", "Next", "--all", "--status", "report-only", "--replaces", "Kiosk",
            status=0)
    before = snapshot(lab.policy)
    result = lab.run("delete", "Kiosk", status=1)
    expect('refused: policy "Next" replaces policy "Kiosk"; delete it as well' in result.err, "what is said", result)
    same(snapshot(lab.policy), before, "the files")
    lab.run("edit", "Next", "--clear", "replaces", "--dry-run", status=0)
    lab.run("delete", "Kiosk", "Next", status=0)


@test
def owner_mode_and_link_stay(lab):
    need_root()
    prepared(lab)
    elsewhere = os.path.join(lab.folder, "managed.conf")
    os.rename(lab.path(DROP_IN), elsewhere)
    os.symlink(elsewhere, lab.path(DROP_IN))
    os.chown(elsewhere, 0, 12345)
    os.chmod(elsewhere, 0o640)
    lab.run("disable", "Kiosk", status=0)
    info = os.stat(elsewhere)
    same((os.path.islink(lab.path(DROP_IN)), info.st_gid, stat.S_IMODE(info.st_mode)), (True, 12345, 0o640),
         "the link, its group and mode")
    expect("disabled" in read(elsewhere).decode(), "the file that it leads to", read(elsewhere))


@test
def two_at_once(lab):
    """Of eight who change different policies of one file, each change is there in the end, or was refused."""
    policies = ",\n".join(f'  {{ name = "P{i}"; type = "blacklist"; scope = {{ members = [ "m{i}" ]; }}; }}'
                          for i in range(8))
    lab.write(ROOT_FILE, f"policies = (\n{policies}\n);\n")
    lab.apply()
    running = [subprocess.Popen(lab.command("disable", f"P{i}"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=environment(), cwd=lab.folder) for i in range(8)]
    ended = [(process.communicate(), process.returncode) for process in running]
    found = statuses(lab)
    for i, ((_, err), status) in enumerate(ended):
        same(found[f"P{i}"], "disabled" if status == 0 else "enabled", f"the policy of number {i}")
        expect(status == 0 or b"changed meanwhile" in err, "why one was refused", status, err.decode())
    expect(any(status == 0 for _, status in ended), "none came through", ended)
    lab.run("status", config=False, status=0)
    same(leftovers(lab), [], "what is left beside the files")


@test
def the_files_stay_where_the_image_cannot_be_written(lab):
    """A folder stands where the new image would be written."""
    prepared(lab)
    before = snapshot(lab.policy)
    os.makedirs(lab.state_path("policy.v1.image.new", "x"))
    result = lab.run("disable", "Kiosk", status=1)
    expect("cannot be" in result.err, "what is said", result)
    after = snapshot(lab.policy)
    same({name: seen[-1] for name, seen in after.items()}, {name: seen[-1] for name, seen in before.items()},
         "the files' texts")
    same((decision(lab), statuses(lab)["Kiosk"]), ("deny", "enabled"), "what is in force, and the files")


main()
