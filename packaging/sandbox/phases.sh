# shellcheck shell=bash
# Times the phases of a script in packaging/from-zero, which sources this file.
#
#     phase "install"     begins a phase, and prints how long the one before took
#     verified            ends the last one, and prints the sum

phase_name=""
phase_began_us=0
phases_us=0

end_phase() {
    local took_us=$((${EPOCHREALTIME/[.,]/} - phase_began_us))
    if [[ -n $phase_name ]]; then
        printf '%6d.%d s  %s\n' $((took_us / 1000000)) $((took_us / 100000 % 10)) "$phase_name"
        phases_us=$((phases_us + took_us))
    fi
}

phase() {
    end_phase
    phase_name=$1
    phase_began_us=${EPOCHREALTIME/[.,]/}
}

verified() {
    end_phase
    phase_name=""
    printf '%6d.%d s  in all, until a receiver had verified a signed webhook\n' \
        $((phases_us / 1000000)) $((phases_us / 100000 % 10))
}
