import Foundation

/// Lets one process at a time move refs. The kernel releases the lock when its process ends, however that ends.
struct WriteLock: Sendable {
    let url: URL

    /// Waits for the lock, and holds it while the body runs.
    func held<Value>(_ body: () throws(StoreError) -> Value) throws(StoreError) -> Value {
        let descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .cannotWrite(path: url.path, reason: StoreError.systemReason) }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw .cannotWrite(path: url.path, reason: StoreError.systemReason) }
        }
        return try body()
    }
}
