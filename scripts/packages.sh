# shellcheck shell=bash
# Installs what tests need from npm and PyPI, into folders of the repository. For `source`, from its root.

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
