import Foundation

/// What Swift's runtime prints when a program crashes: registers and images, of use to nobody but its developers.
package enum CrashReport {
    /// Lets a crash end this process with its signal alone, unless somebody asks for the report (`SWIFT_BACKTRACE`).
    package static func hide() {
        guard ProcessInfo.processInfo.environment["SWIFT_BACKTRACE"] == nil else { return }
        for number in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGBUS, SIGSEGV] {
            var current = sigaction()
            if sigaction(number, nil, &current) == 0, !current.isIgnored { signal(number, SIG_DFL) }
        }
    }
}

extension sigaction {
    var isIgnored: Bool {
        unsafeBitCast(__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
