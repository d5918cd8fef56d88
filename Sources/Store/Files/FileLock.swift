import Foundation

/// A file that one process holds, or several share. The kernel takes the lock back when its process ends, however that ends.
package final class FileLock: Sendable {
    enum Mode: Int32 {
        case shared
        case exclusive

        fileprivate var flag: Int32 { self == .shared ? LOCK_SH : LOCK_EX }
    }

    private let url: URL
    private let descriptor: Int32
    /// Whether the file goes with the lock.
    private let isTransient: Bool

    /// Waits for the lock.
    init(_ url: URL, _ mode: Mode) throws(StoreError) {
        self.url = url
        isTransient = false
        descriptor = try Self.open(url)
        while flock(descriptor, mode.flag) != 0 {
            guard errno == EINTR else {
                close(descriptor)
                throw .cannotWrite(path: url.path, reason: StoreError.systemReason)
            }
        }
    }

    /// Shares the lock of a file that may only be read; `nil` where there is none, or where it cannot be read either.
    init?(reading url: URL) {
        self.url = url
        isTransient = false
        descriptor = Glibc.open(url.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        while flock(descriptor, LOCK_SH) != 0 {
            // A file system without locks: there is nothing to wait for.
            guard errno == EINTR else { break }
        }
    }

    /// Takes the lock of a file that exists only while somebody holds it; `nil` where somebody else does.
    init?(transient url: URL) throws(StoreError) {
        self.url = url
        isTransient = true
        while true {
            let descriptor = try Self.open(url)
            if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
                close(descriptor)
                return nil
            }
            // The holder before may have removed the file while this process waited: then the lock is of no file any more.
            if Self.isFile(url, of: descriptor) {
                self.descriptor = descriptor
                return
            }
            close(descriptor)
        }
    }

    /// Whether somebody holds the lock of a file.
    static func isHeld(_ url: URL) -> Bool {
        let descriptor = Glibc.open(url.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }

    /// Lets go.
    deinit {
        if isTransient { unlink(url.path) }
        close(descriptor)
    }

    /// Shares the lock no longer: holds it alone. `false` where others share it; then it stays as it was.
    func becomeExclusive() -> Bool {
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
        // Linux has let go of the shared lock by now.
        _ = flock(descriptor, LOCK_SH)
        return false
    }

    private static func open(_ url: URL) throws(StoreError) -> Int32 {
        let descriptor = Glibc.open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .cannotWrite(path: url.path, reason: StoreError.systemReason) }
        return descriptor
    }

    private static func isFile(_ url: URL, of descriptor: Int32) -> Bool {
        var named = stat()
        var held = stat()
        return stat(url.path, &named) == 0 && fstat(descriptor, &held) == 0 && named.st_ino == held.st_ino
            && named.st_dev == held.st_dev
    }
}

/// Tries until something can be had, after others have let go of it. Throws `CancellationError` when the task is cancelled.
///
/// - Parameter onWait: told once, where it cannot be had at first.
package func waiting<Value: Sendable>(
    onWait: @Sendable () -> Void, _ attempt: @Sendable () throws(StoreError) -> Value?
) async throws -> Value {
    if let value = try attempt() { return value }
    onWait()
    while true {
        try await Task.sleep(for: .milliseconds(30))
        if let value = try attempt() { return value }
    }
}
