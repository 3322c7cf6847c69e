#!/bin/sh
# Installs the default configuration, once: what is there already is an administrator's, and a policy that they
# deleted stays deleted.
#
# usage: install.sh SOURCE FOLDER      FOLDER is below $DESTDIR, if that is set
set -eu

source=$1
folder=${DESTDIR:-}$2

if [ -e "$folder/accesspolicy.conf" ]; then
	echo "$folder/accesspolicy.conf exists: the configuration is kept as it is"
	exit 0
fi
install -d -m 0755 "$folder" "$folder/conf.d"
install -m 0644 "$source"/conf.d/*.conf "$folder/conf.d/"
install -m 0644 "$source/accesspolicy.conf" "$folder/"
