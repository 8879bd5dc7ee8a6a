# SPDX-License-Identifier: MIT
#
# gnuplot -c plots.gnuplot ratios|growth-document|hour-memory|hour-files DATA, or growth-managed DATA FIRST-SYNC-DATA - prints a plot
# as SVG. It has a background, so that it can be read on a dark page.

ours = "#1f6fb4"
peer = "#9a9a9a"
limit = "#c8281e"
set linetype 1 linecolor rgb ours linewidth 2 pointtype 7 pointsize 0.6
set linetype 2 linecolor rgb peer linewidth 2 pointtype 5 pointsize 0.6
set linetype 3 linecolor rgb "#2a9d8f" linewidth 2 pointtype 9 pointsize 0.7
set linetype 4 linecolor rgb "#d97a1a" linewidth 2 pointtype 5 pointsize 0.6
set linetype 5 linecolor rgb "#7b4fa3" linewidth 2 pointtype 13 pointsize 0.8
set grid linecolor rgb "#dddddd" linewidth 1
set border 3 linecolor rgb "#555555"
set tics nomirror
set datafile separator "\t"
set key left top Left reverse samplen 2

if (ARG1[1:5] eq "hour-") {
	set terminal svg size 900,440 background "#ffffff" font "sans-serif,13"
	set datafile columnheaders
	set key outside right top Left reverse samplen 2
	set xlabel "minutes"
	set xrange [0:*] noextend
	if (ARG1 eq "hour-memory") {
		set ylabel "memory, MiB"
		set yrange [0:*]
		plot ARG2 using ($1 / 60):(column("agent_1") / 1024) with lines linetype 1 title "agent (server), host-1", \
			"" using ($1 / 60):(column("agent_2") / 1024) with lines linetype 3 title "agent, host-2", \
			"" using ($1 / 60):(column("agent_3") / 1024) with lines linetype 5 title "agent, host-3", \
			"" using ($1 / 60):(column("nginx_1") / 1024) with lines linetype 4 title "nginx, host-1", \
			"" using ($1 / 60):(column("nginx_2") / 1024) with lines linetype 4 dashtype 2 title "nginx, host-2", \
			"" using ($1 / 60):(column("haproxy") / 1024) with lines linetype 2 title "HAProxy, host-3"
	} else {
		set ylabel "size, KiB"
		set logscale y 10
		set format y "%g"
		plot ARG2 using ($1 / 60):(column("journal.old_1") > 0 ? column("journal.old_1") / 1024 : NaN) with lines linetype 3 \
				title "FILE.journal.old", \
			"" using ($1 / 60):(column("journal_1") > 0 ? column("journal_1") / 1024 : NaN) with lines linetype 1 \
				title "FILE.journal", \
			"" using ($1 / 60):(column("conf_1") / 1024) with lines linetype 4 title "FILE", \
			"" using ($1 / 60):(column("checks_1") / 1024) with lines linetype 2 title "FILE.checks", \
			"" using ($1 / 60):(column("state_1") / 1024) with lines linetype 5 title "FILE.state"
	}
	exit
}
if (ARG1 eq "ratios") {
	set terminal svg size 900,400 background "#ffffff" font "sans-serif,13"
	set title "The time of swk-apply, divided by the time of its peer"
	set style fill solid 0.9
	set boxwidth 0.5
	set yrange [0:*]
	set xtics scale 0 font ",11" rotate by -20
	set grid noxtics
	set key right top
	set offsets 0.6, 0.6, 0, 0
	plot ARG2 using 0:2:xticlabels(1) with boxes linecolor rgb ours title "measured", \
		"" using ($0 - 0.35):3:(0.7):(0) with vectors nohead linewidth 3 linecolor rgb limit title "at most", \
		"" using 0:2:(sprintf("%.2f", $2)) with labels offset 0,-0.7 textcolor rgb "#ffffff" notitle
} else {
	set terminal svg size 900,440 background "#ffffff" font "sans-serif,13"
	set logscale x 10
	set format x "%.0s%c"
	set logscale y 10
	set multiplot layout 1,2
	if (ARG1 eq "growth-document") {
		set xlabel "instances in one document"
		set ylabel "seconds"
		set format y "%g"
		plot ARG2 using 1:3 with linespoints linetype 1 title "a whole event", \
			"" using 1:5 with linespoints linetype 2 title "only streaming it"
		set ylabel "memory, MiB"
		set format y "%g"
		plot [] [1:*] ARG2 using 1:($4 / 1024) with linespoints linetype 1 title "a whole event", \
			"" using 1:($6 / 1024) with linespoints linetype 2 title "only streaming it"
	} else {
		set xlabel "services managed, of 10 instances each"
		set ylabel "seconds"
		set format y "%g"
		plot [] [0.0005:50000] ARG3 using 1:2 with linespoints linetype 5 title "a first sync", \
			"" using 1:3 with lines linetype 5 linewidth 1 dashtype 2 title "a loop of POSTs", \
			ARG2 using 1:4 with linespoints linetype 4 title "a full run", \
			"" using 1:5 with lines linetype 4 linewidth 1 dashtype 2 title "curl, the same URLs", \
			"" using 1:2 with linespoints linetype 1 title "an event", \
			"" using 1:3 with linespoints linetype 3 title "an event that changes nothing"
		set ylabel "memory, MiB"
		plot [] [1:200] ARG2 using 1:($7 / 1024) with linespoints linetype 4 title "a full run", \
			"" using 1:($6 / 1024) with linespoints linetype 1 title "an event"
	}
	unset multiplot
}
