#!/bin/sh
# demo.sh - installs what is needed from Debian's packages, builds, and shows what the module is for: with the default
# policy, a mail program of the user's own is denied, and the web mail of the same user is let in; then, with a policy that
# blocks a country, a login from there is denied, by IPv4 and by IPv6, and one from another country is let in; and an
# exception, made by one command, lets one user in from there for two hours.
#
# All logins are real PAM transactions. Nothing outside the checkout and a scratch folder is written; libpam-wrapper gives
# pamtester a folder of service files of its own, in the place of /etc/pam.d. The exit status is 0 if all logins came out
# as they should.
set -eu
umask 022
LC_ALL=C.UTF-8
export LC_ALL

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$top/tests/packages.sh"

message='The administrator has enabled IP login restrictions. Login from the current IP is not allowed.'
blocked_message='Web mail cannot be read from that country.'
user=alice@example.com
address=192.0.2.10
blocked=NZ
other=AT
tables=/usr/share/tor
build=$top/build-demo
module=$build/pam_accesspolicy.so
compiler=$build/cli/accesspolicy-compile
command=$build/cli/accesspolicy
make_regions=$top/cli/accesspolicy-make-regions
n_wrong=0

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
config=$scratch/accesspolicy/accesspolicy.conf
state=$scratch/state
database=$scratch/countries.mmdb
services=$scratch/pam.d

heading() {
	printf '\n== %s\n' "$1"
}

wrong() {
	echo "WRONG: $1" >&2
	n_wrong=$((n_wrong + 1))
}

build() {
	if [ -e "$build/build.ninja" ]; then
		quietly meson setup --reconfigure -Dtests=disabled "$build" "$top"
	else
		quietly meson setup -Dtests=disabled "$build" "$top"
	fi
	ninja -C "$build" --quiet
	echo "$module"
}

# One word of a service file: brackets hold together what has blanks.
pam_word() {
	case $1 in
	*[[:space:]]*) printf '[%s]' "$1" ;;
	*) printf '%s' "$1" ;;
	esac
}

prepare() {
	mkdir "$scratch/accesspolicy" "$services"
	cp "$top/conf/accesspolicy.conf" "$scratch/accesspolicy/"
	cp -R "$top/conf/conf.d" "$scratch/accesspolicy/"
	chmod -R go-w "$scratch/accesspolicy"
	for service in imap roundcube; do
		echo "account required $(pam_word "$module") $(pam_word "config=$config") $(pam_word "compiler=$compiler")" \
			>"$services/$service"
	done
	echo 'account required pam_deny.so' >"$services/other"
	echo "$services/imap and $services/roundcube:"
	cat "$services/imap"
}

# login SERVICE: a PAM transaction's account phase, by the service's file. Leaves its exit status in $status, what
# the user saw in $scratch/seen and what the module logged in $scratch/logged.
login() {
	echo "\$ pamtester -I rhost=$address $1 $user acct_mgmt"
	status=0
	LD_PRELOAD=libpam_wrapper.so PAM_WRAPPER=1 PAM_WRAPPER_SERVICE_DIR=$services PAM_WRAPPER_DEBUGLEVEL=2 \
		pamtester -I "rhost=$address" "$1" "$user" acct_mgmt >"$scratch/output" 2>&1 || status=$?
	# At this level pam_wrapper shows on standard error what would go to syslog, among words and blank lines of its own.
	grep -v -e '^PWRAP_' -e '^$' "$scratch/output" >"$scratch/seen" || :
	sed -n 's/^PWRAP_[A-Z]*\[.*\] - SYSLOG([0-7]): //p' "$scratch/output" >"$scratch/logged"
	sed 's/^/    /' "$scratch/seen"
	echo "    exit status $status"
	echo "logged:"
	sed 's/^/    /' "$scratch/logged"
}

# explain SERVICE: the same question to the command. Leaves its exit status in $status.
explain() {
	echo "\$ accesspolicy test --config $config --user $user --ip $address --service $1"
	status=0
	"$command" test --config "$config" --user "$user" --ip "$address" --service "$1" >"$scratch/output" 2>&1 || status=$?
	sed 's/^/    /' "$scratch/output"
	echo "    exit status $status"
}

denied_login() {
	login imap
	[ "$status" -ne 0 ] || wrong 'the login was let in'
	grep -Fqx "$message" "$scratch/seen" || wrong 'the user did not see the message'
	grep -q "Third-party Client Access Policy" "$scratch/logged" || wrong 'the log does not name the policy that decided'
	explain imap
	[ "$status" -eq 1 ] || wrong 'the command does not say that the login is denied'
}

allowed_login() {
	login roundcube
	[ "$status" -eq 0 ] || wrong 'the login was denied'
	! grep -Fq "$message" "$scratch/seen" || wrong 'the user saw the message'
	[ -s "$scratch/logged" ] || wrong 'nothing was logged'
	explain roundcube
	[ "$status" -eq 0 ] || wrong 'the command does not say that the login is allowed'
}

# first_of TABLE COUNTRY: the first address of the country's first range. In the table of IPv4 it is a number.
first_of() {
	awk -F , -v country="$2" '
		$3 == country && $1 ~ /:/ { print $1; exit }
		$3 == country {
			printf "%d.%d.%d.%d\n", $1 / 16777216, $1 / 65536 % 256, $1 / 256 % 256, $1 % 256
			exit
		}' "$tables/$1"
}

# A policy over a country, put in force. Leaves the addresses that are tried in $blocked4, $blocked6, $other4 and $other6.
block_country() {
	echo "\$ accesspolicy-make-regions $database"
	"$make_regions" "$database" >"$scratch/output"
	sed 's/^/    /' "$scratch/output"
	cat >"$scratch/accesspolicy/conf.d/60-blocked-country.conf" <<END
region_database = "$database";

policies = (
  { name    = "Blocked country";
    type    = "blacklist";
    scope   = { all = true; };
    regions = [ "$blocked" ];
    clients = [ "web" ];
    message = "$blocked_message"; }
);
END
	cat "$scratch/accesspolicy/conf.d/60-blocked-country.conf"
	echo "\$ accesspolicy apply --config $config --state $state"
	"$command" apply --config "$config" --state "$state" >"$scratch/output"
	sed 's/^/    /' "$scratch/output"
	echo "account required $(pam_word "$module") $(pam_word "image=$state/policy.v1.image")" >"$services/roundcube"
	echo "$services/roundcube:"
	cat "$services/roundcube"
	blocked4=$(first_of geoip "$blocked")
	blocked6=$(first_of geoip6 "$blocked")
	other4=$(first_of geoip "$other")
	other6=$(first_of geoip6 "$other")
}

locate() {
	echo "\$ accesspolicy region --state $state $*"
	"$command" region --state "$state" "$@" >"$scratch/output" || wrong 'the command does not tell where an address is'
	sed 's/^/    /' "$scratch/output"
	[ "$(grep -c "^  Held by   \"Blocked country\"" "$scratch/output")" -eq 2 ] ||
		wrong 'the policy does not hold two of these addresses'
}

country_logins() {
	locate "$blocked4" "$blocked6" "$other4" "$other6"
	for address in "$blocked4" "$blocked6"; do
		login roundcube
		[ "$status" -ne 0 ] || wrong 'the login was let in'
		grep -Fqx "$blocked_message" "$scratch/seen" || wrong 'the user did not see the message'
		grep -q '"Blocked country"' "$scratch/logged" || wrong 'the log does not name the policy that decided'
	done
	for address in "$other4" "$other6"; do
		login roundcube
		[ "$status" -eq 0 ] || wrong 'the login was denied'
		! grep -Fq "$blocked_message" "$scratch/seen" || wrong 'the user saw the message'
	done
}

# An exception from the policy, for a user and a time: he is let in, and nobody else.
excepted_login() {
	echo "\$ accesspolicy except add --config $config --state $state --member $user --policy 'Blocked country' --until 2h --comment HD-4711"
	"$command" except add --config "$config" --state "$state" --member "$user" --policy 'Blocked country' --until 2h \
		--comment HD-4711 >"$scratch/output" 2>&1 || wrong 'the exception was not made'
	sed 's/^/    /' "$scratch/output"
	address=$blocked4
	login roundcube
	[ "$status" -eq 0 ] || wrong 'the login was denied'
	user=bob@example.com
	login roundcube
	[ "$status" -ne 0 ] || wrong 'the login was let in'
	grep -Fqx "$blocked_message" "$scratch/seen" || wrong 'the user did not see the message'
}

heading 'Packages'
# shellcheck disable=SC2086 # lists of words
packages_install $packages_build $packages_demo
heading 'Build'
build
heading 'The default policy, and two services that ask the module'
prepare
heading 'A mail program signs in by IMAP: denied'
denied_login
heading 'The same user signs in by web mail: allowed'
allowed_login
heading 'A policy that blocks a country, put in force'
block_country
heading 'Web mail from that country: denied, by IPv4 and by IPv6; from another: allowed'
country_logins
heading 'An exception for two hours: this user is let in from that country, and others are not'
excepted_login

heading 'Result'
if [ "$n_wrong" -ne 0 ]; then
	echo "$n_wrong of these answers are wrong."
	exit 1
fi
echo 'The third-party login was denied with its message, and the web login was allowed; the logins from the blocked'
echo 'country were denied with theirs, and those from another country were allowed, as was the user with an exception.'
