# shellcheck shell=bash
# Installs what tests need: Debian's packages, and, into folders of the repository, those of npm and PyPI. For
# `source`, from the root of the repository.

# Installs Debian's packages, as root or with sudo. What it prints goes to stderr, because callers print
# results. What apt-get prints is shown only if it fails.
debian_packages() {
    local -a as_root=()
    local log status=0
    if [[ $(id -u) != 0 ]]; then
        as_root=(sudo --non-interactive)
    fi
    if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
        echo "Please install by hand, under the names that your system has for them: $*" >&2
        echo "(On Debian and its kin this is done for you, as root or with sudo that needs no password.)" >&2
        return 1
    fi
    echo "Installing with apt-get: $*" >&2
    if [[ " $* " = *" postgresql "* ]]; then
        # Otherwise the package creates a cluster and starts it, which the tests do not need.
        "${as_root[@]}" mkdir -p /etc/postgresql-common/createcluster.d
        echo "create_main_cluster = false" |
            "${as_root[@]}" tee /etc/postgresql-common/createcluster.d/no-main-cluster.conf >/dev/null
    fi
    log=$(mktemp)
    {
        "${as_root[@]}" apt-get update -qq &&
            "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
                apt-get install -y -qq --no-install-recommends "$@" </dev/null
    } >"$log" 2>&1 || status=$?
    if ((status != 0)); then
        echo "apt-get failed:" >&2
        cat "$log" >&2
    fi
    rm -f "$log"
    return "$status"
}

# Installs the packages of a folder's requirements.txt into a virtual environment, if it does not have them.
# The last argument is the Python of the environment.
python_packages() {
    local requirements=$1/requirements.txt environment=$2 package=$3 python=${4:-python3}
    if ! cmp --silent "$requirements" "$environment/requirements.txt" ||
        ! "$environment/bin/python" -c "import $package" 2>/dev/null; then
        echo "Installing with pip, into $environment: $(tr '\n' ' ' <"$requirements")"
        rm -rf "$environment"
        "$python" -m venv "$environment"
        "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements"
        cp "$requirements" "$environment/requirements.txt"
    fi
}

# Installs the packages of a folder's package-lock.json if that is newer than the last installation.
node_modules() {
    local folder=$1 package=$2
    if [[ $folder/package-lock.json -nt $folder/node_modules/.package-lock.json ]]; then
        echo "Installing with npm, into $folder/node_modules: $package"
        npm --prefix "$folder" ci --no-audit --no-fund --loglevel=error
        touch "$folder/node_modules/.package-lock.json"
    fi
}
