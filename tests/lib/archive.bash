# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Finds the Debian archive that this machine uses. Source this file; it asks apt, reads apt's configuration, and changes nothing.

# Prints "ADDRESS FILE" for each source of Debian's main archive on this machine; FILE configures it. It selects by the Origin and
# Label that an archive states, because other archives have suites with the same names.
debian_sources() {
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format '$(SITE) $(SOURCESENTRY)' \
		'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' |
		sed 's/:[0-9]*$//' | sort -u
}

# Prints the Signed-By of the source with address $1 in the file $2, as a field of a .sources file; nothing if there is none.
# It can be several lines long, because it may contain the key itself.
signed_by() {
	case $2 in
	*.sources)
		awk -v address="$1" '
			BEGIN { RS = "" }
			{
				matches = inside = 0
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
						matches = 1
				}
				if (matches) {
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
