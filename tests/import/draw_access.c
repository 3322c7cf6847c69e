#include "draw_access.h"

#include <stdio.h>

static const char *const users[] = {
	"root",
	"alice",
	"bob",
	"carol",
	"dave",
	"erin",
	"frank",
	"grace",
	"heidi",
	"ops",
	"ops",
	"staff",
	"tutors",
	"ALL",
	"ALL",
	"all",
	"Alice",
	"GRACE",
	"OPS",
	"Staff",
	"(wheel)",
	"(staff)",
	"(STAFF)",
	"(students)",
	"(tutors)",
	"(ops)",
	"(also-ops)",
	"also-ops",
	"(alice)",
	"(root)",
	"(unknown)",
	"()",
	"unknown",
	"4001",
	"(4300)",
	"@admins",
	"@operators",
	"@everybody",
	"@elsewhere",
	"@@consoles",
	"@",
	"alice@gate.example.net",
	"ops@.example.net",
	"grace@ALL",
	"(staff)@gate.example.net",
	"@admins@gate.example.net",
	"frank@@machines",
	"carol@LOCAL",
	"erin@elsewhere",
	"dave@",
	"twin",
	"shutdown",
};
static const char *const origins[] = {
	"ALL",
	"ALL",
	"All",
	"LOCAL",
	"LOCAL",
	"local",
	"tty1",
	"tty2",
	"TTY2",
	"pts/0",
	"/dev/tty1",
	"cron",
	"CRON",
	"su",
	"imap",
	"gateway",
	":0",
	"10.0.0.0/8",
	"10.1.0.0/16",
	"10.1.2.3/16",
	"10.1.2.0/24",
	"10.1.2.0/0x18",
	"10.",
	"10.1.",
	"10.1",
	"10.1.2.3.",
	"192.168.0.0/255.255.0.0",
	"192.168.7.5",
	"192.168.7.5/0.0.0.0",
	"192.168.7.0/33",
	"2001:db8::/32",
	"2001:DB8:1:0::/48",
	"2001:db8::1",
	"2001:db8::1/64",
	"::/0",
	"::ffff:10.1.2.3",
	"::ffff:10.1.0.0/112",
	"fe80::%eth0",
	"0.0.0.0/0",
	"172.16.0.0/12",
	"@machines",
	"@everybody",
	"bad.example",
	"in.bad.example",
	".example.net",
	".3",
	".",
	"10.1.2.3",
	"192.0.2.10",
	"10.0.0.0/255.0.255.0",
};
enum { N_USERS = sizeof(users) / sizeof(users[0]), N_ORIGINS = sizeof(origins) / sizeof(origins[0]) };

static const char *draw_separator(ap_prng *prng)
{
	static const char *const separators[] = { " ", " ", " ", ",", "\t", ", " };

	return separators[ap_prng_below(prng, sizeof(separators) / sizeof(separators[0]))];
}

static void draw_list(ap_prng *prng, FILE *out, const char *const *words, uint32_t n_words)
{
	bool except = true;

	for (unsigned depth = 0; depth < 4 && except; depth++) {
		for (uint32_t i = 0, n = 1 + ap_prng_below(prng, 3); i < n; i++)
			(void)fprintf(out, "%s%s", draw_separator(prng), words[ap_prng_below(prng, n_words)]);
		except = ap_prng_chance(prng, 30);
		(void)fputs(except ? (ap_prng_chance(prng, 80) ? " EXCEPT" : " except") : "", out);
	}
}

/* What is no rule, or looks like none. */
static void draw_noise(ap_prng *prng, FILE *out)
{
	static const char *const lines[] = {
		"# - : ALL : ALL",  " - : ALL : ALL",     "", "  \t ", "- : ALL", "deny : ALL : ALL",
		":- : bob : LOCAL", ":+ : carol : LOCAL",
	};

	if (ap_prng_chance(prng, 15))
		(void)fprintf(out, "%s\n", lines[ap_prng_below(prng, sizeof(lines) / sizeof(lines[0]))]);
}

char *ap_draw_access(ap_prng *prng)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	const char *end = ap_prng_chance(prng, 20) ? "\r\n" : ap_prng_chance(prng, 20) ? " # all of them\n" : "\n";

	(void)fputs("#! drawn\n", out);
	(void)fputs(ap_prng_chance(prng, 20) ? "#! options nodefgroup\n" : "", out);
	(void)fputs(ap_prng_chance(prng, 20) ? "#! options chosen\n" : "", out);
	for (uint32_t i = 0, n = 2 + ap_prng_below(prng, 8); i < n; i++) {
		draw_noise(prng, out);
		(void)fprintf(out, "%c%s:", ap_prng_chance(prng, 60) ? '+' : '-', ap_prng_chance(prng, 50) ? " " : "");
		if (ap_prng_chance(prng, 15))
			(void)fputs(" ALL", out);
		else
			draw_list(prng, out, users, N_USERS);
		(void)fputs(ap_prng_chance(prng, 50) ? " :" : ":", out);
		draw_list(prng, out, origins, N_ORIGINS);
		(void)fputs(end, out);
	}
	(void)fputs(ap_prng_chance(prng, 50) ? "- : ALL : ALL\n" : "", out);
	(void)fputs(ap_prng_chance(prng, 10) ? "- : ALL : ALL" : "", out);
	(void)fclose(out);
	return text;
}
