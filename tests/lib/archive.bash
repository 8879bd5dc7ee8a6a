# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Where this machine has Debian's archive from. Source it; it asks apt and reads its configuration, and changes nothing.

# Prints "address file" for each place this machine has Debian's main archive from; file is where it is configured.
# By the archive's own words for itself, since others have suites named like Debian's.
debian_sources() {
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format '$(SITE) $(SOURCESENTRY)' \
		'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' |
		sed 's/:[0-9]*$//' | sort -u
}

# The Signed-By of the source for address $1 in the file $2, as a field of a .sources file; nothing where it has none.
# It may be several lines long, as the key itself may stand there.
signed_by() {
	case $2 in
	*.sources)
		awk -v address="$1" '
			BEGIN { RS = "" }
			{
				ours = inside = 0
				field = ""
				count = split($0, line, "\n")
				for (i = 1; i <= count; i++) {
					if (line[i] ~ /^#/)
						continue
					if (line[i] !~ /^[ \t]/)
						inside = tolower(line[i]) ~ /^signed-by:/
					if (inside)
						field = field line[i] "\n"
					if (index(line[i] " ", " " address " ") || index(line[i] " ", " " address "/ "))
						ours = 1
				}
				if (ours) {
					printf "%s", field
					exit
				}
			}' "$2"
		;;
	*)
		grep -E '^[[:space:]]*deb[[:space:]]' "$2" | grep -F -e " $1 " -e " $1/ " |
			sed -nE 's/.*signed-by=([^] ]+).*/Signed-By: \1/p' | head -n 1 | tr ',' ' '
		;;
	esac
}
