import CLibgit2
import Foundation

/// The library as this process uses it.
enum Libgit2 {
    /// Whether it is ready. It is started at the first use.
    ///
    /// Loose objects and refs reach the disk before the next step, so that a ref never names what a crash lost. Whose a
    /// repository is, `Ownership` asks: libgit2 1.5 knows neither `safe.directory = *` nor a pattern.
    static let isStarted: Bool = {
        guard git_libgit2_init() > 0, decant_enable_fsync() == 0, decant_leave_owners_to_caller() == 0 else { return false }
        let environment = ProcessInfo.processInfo.environment
        // Git goes on where a person's settings cannot be read (HOME is another user's); the library would fail.
        for (level, file) in GitConfiguration.personalFiles(environment) where !GitConfiguration.isReadable(file) {
            _ = decant_forget_settings(level)
        }
        return true
    }()
}
