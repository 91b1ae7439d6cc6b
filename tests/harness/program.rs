//! Programs in C and C++ on top of the library, run as they are and under checkers.

use std::collections::HashMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{self as this, Command};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};

use crate::compiler::{Compiler, Linkage, Standard};
use crate::library::{self, Profile};
use crate::packages::{self, Tool};
use crate::{process, workspace};

/// A compiled program. Tests of one process that need it with the same flags share its file.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    compiler: Compiler,
    sources: Vec<PathBuf>,
}

/// Something of valgrind that watches a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checker {
    /// No wrong access, nothing lost.
    Memory,
    /// No data race between the program's own threads.
    Threads,
}

impl Program {
    /// `c/NAME.c`, in C99, with the shared library.
    pub fn c(name: &str) -> Result<Program> {
        Program::build(Compiler::new(Standard::C("c99"), shared()?), &[&format!("c/{name}.c")])
    }

    /// `cpp/NAME.cpp`, in C++17, with the shared library.
    pub fn cpp(name: &str) -> Result<Program> {
        let compiler = Compiler::new(Standard::Cpp("c++17"), shared()?);
        Program::build(compiler, &[&format!("cpp/{name}.cpp")])
    }

    /// Compiles sources of examples and tests ([`workspace::source`]).
    pub fn build(compiler: Compiler, sources: &[&str]) -> Result<Program> {
        let sources = sources.iter().map(|source| workspace::source(source)).collect();
        Program::compiled(compiler, sources)
    }

    /// The same sources with the sanitizers of addresses and of undefined behaviour in them.
    pub fn sanitized(&self) -> Result<Program> {
        let compiler = SANITIZERS.iter().fold(self.compiler.clone(), |all, flag| all.flag(flag));
        let sources = self.sources.clone();
        let program = Program::compiled(compiler, sources)?;
        let symbols = process::run(Command::new("nm").arg(program.path()))?;
        for sanitizer in ["__asan_init", "__ubsan_handle_"] {
            ensure!(symbols.contains(sanitizer), "{sanitizer} is not in {:?}", program.sources);
        }
        Ok(program)
    }

    /// Compiles once in a process what has the same text and flags.
    fn compiled(compiler: Compiler, sources: Vec<PathBuf>) -> Result<Program> {
        let key = key(&compiler, &sources)?;
        let mut programs = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = programs.entry(key).or_default().clone();
        drop(programs);
        let mut is_compiled = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = workspace::target().join("programs");
        let name = sources.first().and_then(|source| source.file_stem()).context("no source")?;
        let path = folder.join(format!("{}-{key:016x}", name.display()));
        if !*is_compiled {
            fs::create_dir_all(&folder)?;
            // Another process may run the one that is there.
            let fresh = path.with_extension(this::id().to_string());
            let sources: Vec<&Path> = sources.iter().map(PathBuf::as_path).collect();
            compiler.program(&sources, &fresh)?;
            fs::rename(&fresh, &path)?;
            *is_compiled = true;
        }
        Ok(Program { path, compiler, sources })
    }

    /// Its file.
    pub fn path(&self) -> PathBuf {
        self.path.clone()
    }

    /// A command that runs it.
    pub fn command(&self) -> Command {
        Command::new(self.path())
    }

    /// A command that runs it under valgrind, which turns a wrong access or a leak into an exit
    /// code.
    pub fn memory_checked(&self) -> Result<Command> {
        Checker::Memory.watch(&self.path())
    }

    /// Runs it and gives what it printed.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        process::run(self.command().args(arguments))
    }

    /// Runs it in a folder.
    pub fn run_in(&self, folder: &Path, arguments: &[&str]) -> Result<String> {
        process::run(self.command().current_dir(folder).args(arguments))
    }

    /// What it prints alone, under valgrind, and with the sanitizers; each time it must do well.
    pub fn outputs(&self, arguments: &[&str]) -> Result<[String; 3]> {
        let alone = self.run(arguments)?;
        let checked = process::run(self.memory_checked()?.args(arguments))?;
        Ok([alone, checked, self.sanitized()?.run(arguments)?])
    }

    /// The one output of it alone, under valgrind, and with the sanitizers.
    pub fn run_every_way(&self, arguments: &[&str]) -> Result<String> {
        let [alone, checked, sanitized] = self.outputs(arguments)?;
        ensure!(alone == checked, "under valgrind: {checked}\nalone: {alone}");
        ensure!(alone == sanitized, "sanitized: {sanitized}\nalone: {alone}");
        Ok(alone)
    }

    /// Runs it under valgrind's helgrind: no data race between its threads.
    pub fn run_threads_checked(&self, arguments: &[&str]) -> Result<String> {
        process::run(Checker::Threads.watch(&self.path())?.args(arguments))
    }
}

impl Checker {
    /// A command that runs a program under it; what it finds becomes an exit code.
    pub fn watch(self, program: &Path) -> Result<Command> {
        packages::ensure(&[Tool::Valgrind])?;
        let mut command = Command::new("valgrind");
        command.args(["--quiet", "--error-exitcode=99"]);
        match self {
            Checker::Memory => command.args(["--leak-check=full"]),
            Checker::Threads => {
                let suppressions = workspace::tests().join("c/helgrind.supp");
                let suppressions = format!("--suppressions={}", suppressions.display());
                command.args(["--tool=helgrind", &suppressions])
            }
        };
        command.arg(program);
        Ok(command)
    }
}

/// What a program is made of: the text of its sources, and how it is compiled.
fn key(compiler: &Compiler, sources: &[PathBuf]) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    format!("{compiler:?}").hash(&mut hasher);
    for source in sources {
        let text = fs::read(source).with_context(|| source.display().to_string())?;
        text.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

/// Whether each program has been compiled in this process.
static COMPILED: LazyLock<Mutex<HashMap<u64, Arc<Mutex<bool>>>>> = LazyLock::new(Mutex::default);

/// The library as cargo has just built it.
pub fn shared() -> Result<Linkage> {
    Ok(Linkage::Shared(library::build(Profile::Dev)?))
}

/// Not optimised: with sanitizers that would take most of the tests' time.
const SANITIZERS: [&str; 3] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O0"];

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn checkers_find_planted_faults() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let source = folder.path().join("faulty.c");
        fs::write(&source, FAULTY)?;
        let compiler = Compiler::new(Standard::C("c11"), Linkage::None).flag("-D_GNU_SOURCE");
        let program = Program::build(compiler, &[&source.display().to_string()])?;
        let sanitized = program.sanitized()?;
        for fault in ["leak", "overrun", "overflow", "race", "none"] {
            let memory = process::run(program.memory_checked()?.arg(fault));
            let found = [
                memory.is_err(),
                sanitized.run(&[fault]).is_err(),
                program.run_threads_checked(&[fault]).is_err(),
            ];
            let expected = match fault {
                "leak" | "overrun" => [true, true, false],
                "overflow" => [false, true, false],
                "race" => [false, false, true],
                _ => [false, false, false],
            };
            assert_eq!(found, expected, "{fault}");
        }
        Ok(())
    }

    #[test]
    fn a_race_in_a_callback_is_seen() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let source = folder.path().join("racing.c");
        fs::write(&source, RACING)?;
        let compiler = Compiler::new(Standard::C("c99"), shared()?);
        let program = Program::build(compiler, &[&source.display().to_string()])?;
        assert!(program.run_threads_checked(&["locked"]).is_ok());
        let found = program.run_threads_checked(&["bare"]).expect_err("a race").to_string();
        assert!(found.contains("racing.c"), "{found}");
        Ok(())
    }

    /// Two threads in one build callback, which counts under a lock or without.
    const RACING: &str = r#"
#include <hamirror.h>
#include <pthread.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static hamirror_client *client;
static hamirror_request *request;
static int is_bare;
static volatile int count;

static int32_t build(void *user_data, const hamirror_target *target, hamirror_body *body)
{
    (void)user_data, (void)target, (void)body;
    if (!is_bare)
        pthread_mutex_lock(&lock);
    count++;
    if (!is_bare)
        pthread_mutex_unlock(&lock);
    return 0;
}

static void *ask(void *unused)
{
    hamirror_reply *reply;
    hamirror_client_call(client, "d", 0, request, NULL, &reply, NULL);
    return unused;
}

int main(int arguments, char **argument)
{
    hamirror_config *config;
    pthread_t thread;
    is_bare = strcmp(argument[arguments - 1], "bare") == 0;
    hamirror_config_parse("index d {\n type = distributed\n agent = 127.0.0.1:1:a\n}\n", "c",
                          &config, NULL);
    hamirror_client_new(config, NULL, &client, NULL);
    hamirror_request_new_with_callbacks(99, 256, HAMIRROR_ACCESS_READ, build, NULL, NULL, NULL,
                                        &request, NULL);
    pthread_create(&thread, NULL, ask, NULL);
    ask(NULL);
    pthread_join(thread, NULL);
    hamirror_request_free(request);
    hamirror_client_free(client);
    hamirror_config_free(config);
    return 0;
}
"#;

    const FAULTY: &str = r#"
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static volatile int shared;

static void *count(void *unused)
{
    shared++;
    return unused;
}

int main(int arguments, char **argument)
{
    const char *fault = argument[arguments - 1];
    pthread_t thread;
    volatile int number = INT_MAX;
    char *volatile bytes = malloc(8);
    bytes[strcmp(fault, "overrun") == 0 ? 8 : 7] = 0;
    if (strcmp(fault, "overflow") == 0)
        number = number + 1;
    if (strcmp(fault, "race") == 0) {
        pthread_create(&thread, NULL, count, NULL);
        shared++;
        pthread_join(thread, NULL);
    }
    if (strcmp(fault, "leak") != 0)
        free(bytes);
    bytes = NULL;
    return 0;
}
"#;
}
