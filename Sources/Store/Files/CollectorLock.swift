import Foundation

/// The lock by which `git gc` keeps a second one away, held while objects are written that no ref names yet: `git gc
/// --prune=now` would remove them. While git collects, this waits.
///
/// Git's rules: `gc.pid` says which process of which machine collects, and counts for twelve hours. Decant's own file cannot be
/// written to, by which it is known: Decant holds it for a moment, so that one of a killed process counts for a minute.
final class CollectorLock {
    private let file: String

    private static let longest = 12.0 * 3600
    /// Seconds to wait for Decant, and for a process of another machine, which nobody here can see.
    private static let patience = 60.0

    /// - Parameter repository: where nothing is, there is nothing to lock.
    init(_ repository: URL) throws(StoreError) {
        file = repository.appending(path: "gc.pid").path
        guard access(repository.path, F_OK) == 0 else { return }
        let begin = Date()
        let new = file + ".lock"
        while true {
            let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o444)
            if descriptor < 0 {
                guard errno == EEXIST else { throw .cannotWrite(path: new, reason: StoreError.systemReason) }
                // Somebody is about to write the file, or was killed while doing so.
                if let age = Self.status(of: new)?.age, age > 5 { unlink(new) }
                usleep(2_000)
                continue
            }
            defer { close(descriptor) }
            guard isFree(since: begin) else {
                unlink(new)
                usleep(20_000)
                continue
            }
            let text = Array("\(getpid()) \(Self.machine)".utf8)
            guard write(descriptor, text, text.count) == text.count, rename(new, file) == 0 else {
                let reason = StoreError.systemReason
                unlink(new)
                throw .cannotWrite(path: new, reason: reason)
            }
            return
        }
    }

    deinit { unlink(file) }

    private func isFree(since begin: Date) -> Bool {
        guard let status = Self.status(of: file), let text = try? String(contentsOfFile: file, encoding: .utf8),
            let match = text.firstMatch(of: /^(\d+) (\S+)/), let process = pid_t(match.1), status.age < Self.longest
        else { return true }
        if status.isOurs, status.age > Self.patience { return true }
        if match.2 != Self.machine { return Date().timeIntervalSince(begin) > Self.patience }
        return process == getpid() || kill(process, 0) != 0 && errno != EPERM
    }

    private static func status(of path: String) -> (age: TimeInterval, isOurs: Bool)? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let age = Date().timeIntervalSince1970 - TimeInterval(status.st_mtim.tv_sec)
        return (age, status.st_mode & 0o200 == 0)
    }

    private static let machine: String = {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return name.withUnsafeBufferPointer {
            String(decoding: $0.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }()
}

/// What is held while refs move: against other processes of Decant, and against git's collector.
final class WriteLock {
    private let lock: FileLock?
    private var collector: CollectorLock?

    /// - Parameter file: the lock of a store; `nil` for a repository without one.
    init(_ file: URL?, repository: URL) throws(StoreError) {
        lock = if let file { try FileLock(file, .exclusive) } else { nil }
        collector = try CollectorLock(repository)
    }

    // Whoever waits for the first then does not wait for the second.
    deinit { collector = nil }
}
