import Foundation
import GRDB

/// Why SQLite failed, as the person should be told: to delete the index is the right advice for a damaged one only.
enum IndexFailure {
    static func of(_ error: any Error, at path: String) -> StoreError {
        guard let error = error as? DatabaseError else { return .index(path: path, reason: "\(error)") }
        switch error.resultCode {
        case .SQLITE_FULL: return .cannotWrite(path: path, reason: String(cString: strerror(ENOSPC)))
        case .SQLITE_IOERR: return .cannotWrite(path: path, reason: obstacle(at: path) ?? "the disk gave an error")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN:
            return .cannotWrite(path: path, reason: obstacle(at: path) ?? "it cannot be opened for writing")
        case .SQLITE_NOMEM: return .cannotWrite(path: path, reason: "there is no memory left")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return .cannotWrite(path: path, reason: "another process has held it for a minute")
        default: return .index(path: path, reason: "\(error)")
        }
    }

    /// What the system says against a file that grows at this place: SQLite keeps it to itself.
    private static func obstacle(at path: String) -> String? {
        if let reason = reason({ access(path, W_OK) == 0 }) { return reason }
        var limit = rlimit()
        var status = stat()
        if getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0, limit.rlim_cur != rlim_t.max {
            let log = ["", "-wal"].map { stat(path + $0, &status) == 0 ? Int(status.st_size) : 0 }.max() ?? 0
            if log + (1 << 20) > limit.rlim_cur {
                return "a file may have \(limit.rlim_cur) bytes here at most (ulimit -f)"
            }
        }
        // A file beside it, as large as what SQLite writes at once.
        let probe = path + ".probe"
        defer { unlink(probe) }
        let descriptor = open(probe, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        defer { close(descriptor) }
        let page = [UInt8](repeating: 1, count: 256 << 10)
        return reason { write(descriptor, page, page.count) == page.count && fsync(descriptor) == 0 }
    }

    private static func reason(_ step: () -> Bool) -> String? {
        errno = 0
        if step() { return nil }
        return errno == 0 ? "no more bytes fit" : String(cString: strerror(errno))
    }
}
