// POSIX side of the runner: fork, exec, pipes, time limit.
// SPDX-License-Identifier: Apache-2.0
#include "tests/support/weft_test_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace weft::testing {

namespace {

// Output beyond this is cut: a runaway dump must not eat the machine.
constexpr size_t kMaxOutput = 16 << 20;

bool drain(int fd, std::string& into) {
  std::array<char, 65536> buffer{};
  const ssize_t n = read(fd, buffer.data(), buffer.size());
  if (n <= 0) return n < 0 && errno == EINTR;
  if (into.size() < kMaxOutput) into.append(buffer.data(), static_cast<size_t>(n));
  return true;
}

void collect(int out_fd, int err_fd, pid_t pid, int timeout_seconds, ProcessResult& result) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::seconds(timeout_seconds);
  std::array<pollfd, 2> fds = {pollfd{out_fd, POLLIN, 0}, pollfd{err_fd, POLLIN, 0}};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) {
      result.timed_out = true;
      kill(-pid, SIGKILL);
      return;
    }
    if (poll(fds.data(), fds.size(), static_cast<int>(left)) < 0 && errno != EINTR) return;
    if (fds[0].revents != 0 && !drain(out_fd, result.out)) fds[0].fd = -1;
    if (fds[1].revents != 0 && !drain(err_fd, result.err)) fds[1].fd = -1;
  }
}

}  // namespace

ProcessResult runProcess(const std::vector<std::string>& command, const std::filesystem::path& folder,
                         int timeout_seconds) {
  ProcessResult result;
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  if (pipe2(out.data(), O_CLOEXEC) != 0) {
    result.status = 127;
    return result;
  }
  if (pipe2(err.data(), O_CLOEXEC) != 0) {
    close(out[0]);
    close(out[1]);
    result.status = 127;
    return result;
  }
  std::vector<char*> argv;
  for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const std::string where = folder.string();
  const pid_t pid = fork();
  if (pid == 0) {
    // Only async-signal-safe calls between fork and exec.
    setpgid(0, 0);
    const int null_fd = open("/dev/null", O_RDONLY);
    dup2(null_fd, 0);
    dup2(out[1], 1);
    dup2(err[1], 2);
    if (chdir(where.c_str()) == 0) execvp(argv[0], argv.data());
    _exit(127);
  }
  close(out[1]);
  close(err[1]);
  if (pid < 0) {
    result.status = 127;
  } else {
    setpgid(pid, pid);
    collect(out[0], err[0], pid, timeout_seconds, result);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    result.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  close(out[0]);
  close(err[0]);
  return result;
}

ScratchFolder::ScratchFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "weft-test-XXXXXX").string();
  if (mkdtemp(name.data()) != nullptr) path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace weft::testing
