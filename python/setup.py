"""Takes a built libintq.so along when the package is installed (editable installs find it in the build folder)."""
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

LIBRARY = Path(__file__).resolve().parent.parent / "build" / "release" / "lib" / "libintq.so"


class BuildWithLibrary(build_py):
    def run(self):
        super().run()
        if LIBRARY.exists() and not self.editable_mode:
            shutil.copy2(LIBRARY, Path(self.build_lib) / "intq" / "libintq.so")


setup(cmdclass={"build_py": BuildWithLibrary})
