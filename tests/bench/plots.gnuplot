# SPDX-License-Identifier: MIT
#
# gnuplot -c plots.gnuplot ratios|growth-document DATA, or growth-managed DATA FIRST-SYNC-DATA - prints a plot as SVG. It has a
# background, so that it can be read on a dark page.

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
