# SPDX-License-Identifier: MIT
#
# gnuplot -c plots.gnuplot ratios|growth-document|growth-managed DATA - prints a plot as SVG. It has a background, so that it can
# be read on a dark page.

ours = "#1f6fb4"
peer = "#9a9a9a"
limit = "#c8281e"
set linetype 1 linecolor rgb ours linewidth 2 pointtype 7 pointsize 0.6
set linetype 2 linecolor rgb peer linewidth 2 pointtype 5 pointsize 0.6
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
	set xtics scale 0 font ",11"
	set grid noxtics
	set key right top
	set offsets 0.6, 0.6, 0, 0
	plot ARG2 using 0:2:xticlabels(1) with boxes linecolor rgb ours title "measured", \
		"" using ($0 - 0.35):3:(0.7):(0) with vectors nohead linewidth 3 linecolor rgb limit title "at most", \
		"" using 0:2:(sprintf("%.2f", $2)) with labels offset 0,-0.7 textcolor rgb "#ffffff" notitle
} else {
	set terminal svg size 900,380 background "#ffffff" font "sans-serif,13"
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
		set ylabel "one event, milliseconds"
		set format y "%g"
		plot [] [1:*] ARG2 using 1:($2 * 1000) with linespoints linetype 1 notitle
		set ylabel "memory, MiB"
		plot [] [1:*] ARG2 using 1:($3 / 1024) with linespoints linetype 1 notitle
	}
	unset multiplot
}
