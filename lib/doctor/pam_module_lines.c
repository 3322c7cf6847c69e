/* What stands on the lines of the module: the file that they name, and options that do what nobody wants. */
#include "known_services.h"
#include "module_line.h"
#include "pam_examined.h"
#include "text_parts.h"

#include "../login/view.h"

#include <string.h>
#include <unistd.h>

static bool is_login(const ap_pam_examined *e)
{
	return ap_service_kind_of(e->service->name) != AP_SERVICE_UNKNOWN;
}

/* It is one file, whoever names it. */
static void tell_writable(const ap_pam_examined *e, const char *path, const struct stat *info)
{
	const char *word = ap_text_shell_word(e->arena, path);

	ap_finding_add(
		e->doctor->findings,
		&(ap_finding){
			.kind = AP_FINDING_BYPASS,
			.check = "module-writable",
			.service = "pam",
			.file = path,
			.what = ap_format(
				e->arena,
				"it has the mode %04o and the owner %u; it should be root's, and no other's to write",
				(unsigned)(info->st_mode & 07777), (unsigned)info->st_uid),
			.why = "whoever writes to it decides over logins, and runs what he likes as root",
			.change = ap_format(e->arena, "chown root:root %s && chmod 0644 %s", word, word) });
}

/* libpam looks for the very name that is written. */
static void tell_missing(const ap_pam_examined *e, const ap_pam_line *line)
{
	const char *module = line->module, *what, *change = "install the module there, or take the line away";

	if (strchr(module, '\r') != NULL) {
		what = "the line ends in a carriage return, which libpam takes for a part of the module's name";
		change = ap_format(e->arena, "sed -i 's/\\r$//' %s", ap_text_shell_word(e->arena, line->file));
	} else {
		what = ap_format(e->arena, "there is no %s%s%s", module, module[0] != '/' ? " in " : "",
				 module[0] != '/' ? e->folders.items[0] : "");
		if (strcmp(ap_pam_line_module(line), AP_MODULE_NAME) != 0)
			change = "write " AP_MODULE_NAME;
	}
	ap_pam_add_finding(
		e, AP_FINDING_LOCKOUT, "module-missing", line, what,
		"libpam knows no such module, and does not ask the policy: a required line then denies every "
		"login, one that is optional or sufficient denies none",
		change);
}

static void check_module_file(const ap_pam_examined *e, const ap_pam_line *line)
{
	struct stat info;
	const char *path = ap_module_file_find(&e->folders, line->module, &info);

	if (path == NULL && (e->folders.n > 0 || line->module[0] == '/'))
		tell_missing(e, line);
	else if (path == NULL)
		ap_pam_add_finding(e, AP_FINDING_UNCERTAIN, "module-folder", line,
				   "no folder of PAM modules was found on this machine",
				   "whether the module is installed could not be examined",
				   "look for " AP_MODULE_NAME " where libpam does");
	else if ((info.st_uid != 0 && info.st_uid != geteuid()) || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		tell_writable(e, path, &info);
}

static void check_file(const ap_pam_examined *e, const ap_pam_line *line, const char *option, const char *path)
{
	if (path == NULL || ap_host_has(e->doctor->host, path))
		return;
	ap_pam_add_finding(e, AP_FINDING_LOCKOUT, "file-missing", line,
			   ap_format(e->arena, "%s=%s: there is no such file", option, path),
			   "no policy can be had, and nobody is let in",
			   ap_format(e->arena,
				     "name a file that is there, or take %s= away: what is in force is then asked",
				     option));
}

/* The module loads it from its own folder, where it has to read text. */
static void check_text_object(const ap_pam_examined *e, const ap_pam_line *line)
{
	static const char object[] = "pam_accesspolicy_text.so";
	struct stat info;
	const char *module = ap_module_file_find(&e->folders, line->module, &info);
	const char *slash = module != NULL ? strrchr(module, '/') : NULL;

	if (slash == NULL ||
	    ap_host_has(e->doctor->host, ap_format(e->arena, "%.*s/%s", (int)(slash - module), module, object)))
		return;
	ap_pam_add_finding(e, AP_FINDING_LOCKOUT, "module-missing", line,
			   ap_format(e->arena, "config= is written, and there is no %s beside %s", object, module),
			   "the policy's text cannot be read, and nobody is let in",
			   "install it there, or take config= away");
}

static void check_config(const ap_pam_examined *e, const ap_pam_line *line, const ap_module_options *options)
{
	check_file(e, line, "config", options->config);
	check_file(e, line, "image", options->image);
	check_file(e, line, "compiler", options->compiler);
	if (options->config == NULL)
		return;
	check_text_object(e, line);
	if (!is_login(e))
		return;
	ap_pam_add_finding(e, AP_FINDING_LOCKOUT, "config", line,
			   ap_format(e->arena, "config=%s: the files' text is read at each login", options->config),
			   "an edit counts before anybody has checked it, and one mistake in it denies every login",
			   "take config= away, and put the files in force with \"accesspolicy apply\"");
}

static void check_message(const ap_pam_examined *e, const ap_pam_line *line, const ap_module_options *options)
{
	ap_service_kind kind = ap_service_kind_of(e->service->name);
	bool is_sshd = strcmp(e->service->name, "sshd") == 0;

	if (options->style != AP_MESSAGE_PROMPT || e->is_deny_passdb ||
	    (kind != AP_SERVICE_REMOTE && kind != AP_SERVICE_LOCAL))
		return;
	ap_pam_add_finding(
		e, AP_FINDING_MESSAGE, is_sshd ? "prompt-sshd" : "prompt", line,
		"message=prompt, which only a passdb of Dovecot's passes on",
		is_sshd ? "by password and public key nothing is shown, and a login by keyboard-interactive waits for Enter"
			: "the denied user is asked for something in the place of being told, or sees nothing",
		"take message=prompt away: the default, message=error, is what this service shows");
}

/* Debian 12's sudo has no setting for that. */
static void check_silent(const ap_pam_examined *e, const ap_pam_line *line, const ap_module_options *options)
{
	if (!ap_service_is_sudo(e->service->name) || !options->heeds_silent || options->style == AP_MESSAGE_NONE)
		return;
	ap_pam_add_finding(e, AP_FINDING_MESSAGE, "sudo-silent", line,
			   "sudo asks for silence, and silent=ignore is not written",
			   "a denied user reads \"PAM account management error\", and not why",
			   "write silent=ignore behind " AP_MODULE_NAME);
}

static void check_client(const ap_pam_examined *e, const ap_pam_line *line, const ap_module_options *options)
{
	const ap_image *image = e->doctor->image;
	ap_view view;

	if (options->client == NULL || image == NULL || options->config != NULL || options->image != NULL)
		return;
	view = ap_view_of(image);
	if (ap_view_find_client(&view, options->client) != AP_NONE)
		return;
	ap_pam_add_finding(
		e, AP_FINDING_LOCKOUT, "client-unknown", line,
		ap_format(e->arena, "client=%s is no client type that the policy in force knows", options->client),
		"the module cannot decide, and nobody is let in",
		"write one of the policy's client types, or declare this one under client_types and apply it");
}

void ap_pam_check_module_line(const ap_pam_examined *e, const ap_pam_line *line)
{
	ap_module_options options;
	const char *fault = ap_module_line_options(e->arena, line, &options);

	check_module_file(e, line);
	if (fault != NULL) {
		ap_pam_add_finding(e, AP_FINDING_LOCKOUT, "option", line, fault,
				   "with a wrong option the module lets nobody in",
				   "correct the option: pam_accesspolicy(8), OPTIONS");
		return;
	}
	check_config(e, line, &options);
	check_message(e, line, &options);
	check_silent(e, line, &options);
	check_client(e, line, &options);
}
