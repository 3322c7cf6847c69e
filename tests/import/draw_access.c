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
	"staff",
	"tutors",
	"ALL",
	"ALL",
	"(wheel)",
	"(staff)",
	"(students)",
	"(tutors)",
	"(ops)",
	"(unknown)",
	"@admins",
	"@elsewhere",
	"@@consoles",
	"alice@gate.example.net",
	"erin@elsewhere",
};
static const char *const origins[] = {
	"ALL",
	"ALL",
	"LOCAL",
	"LOCAL",
	"tty1",
	"tty2",
	"pts/0",
	"cron",
	"su",
	":0",
	"10.0.0.0/8",
	"10.1.0.0/16",
	"10.1.2.0/24",
	"10.",
	"10.1.",
	"192.168.0.0/255.255.0.0",
	"192.168.7.5",
	"2001:db8::/32",
	"2001:db8:1::/48",
	"2001:db8::1",
	"0.0.0.0/0",
	"172.16.0.0/12",
	"@machines",
	"bad.example",
	".example.net",
	"10.1.2.3",
	"192.0.2.10",
	"10.0.0.0/255.0.255.0",
};
enum { N_USERS = sizeof(users) / sizeof(users[0]), N_ORIGINS = sizeof(origins) / sizeof(origins[0]) };

static void draw_list(ap_prng *prng, FILE *out, const char *const *words, uint32_t n_words)
{
	bool except = true;

	for (unsigned depth = 0; depth < 4 && except; depth++) {
		for (uint32_t i = 0, n = 1 + ap_prng_below(prng, 3); i < n; i++)
			(void)fprintf(out, " %s", words[ap_prng_below(prng, n_words)]);
		except = ap_prng_chance(prng, 30);
		(void)fputs(except ? " EXCEPT" : "", out);
	}
}

char *ap_draw_access(ap_prng *prng)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	for (uint32_t i = 0, n = 2 + ap_prng_below(prng, 8); i < n; i++) {
		(void)fprintf(out, "%c :", ap_prng_chance(prng, 66) ? '+' : '-');
		if (ap_prng_chance(prng, 15))
			(void)fputs(" ALL", out);
		else
			draw_list(prng, out, users, N_USERS);
		(void)fputs(" :", out);
		draw_list(prng, out, origins, N_ORIGINS);
		(void)fputc('\n', out);
	}
	(void)fputs(ap_prng_chance(prng, 60) ? "- : ALL : ALL\n" : "", out);
	(void)fputs("#! drawn\n", out);
	(void)fputs(ap_prng_chance(prng, 20) ? "#! options nodefgroup\n" : "", out);
	(void)fputs(ap_prng_chance(prng, 20) ? "#! options chosen\n" : "", out);
	(void)fclose(out);
	return text;
}
