import Foundation

/// What a compressed file may still expand to, counted as it is read.
package struct ExpansionBudget {
    private let name: String
    private let limits: Archive.Limits
    private let allowed: Int
    private var bytes = 0

    /// - Throws: where the file cannot be looked at.
    package init(for file: URL, _ limits: Archive.Limits) throws(ArchiveError) {
        (name, self.limits) = (file.lastPathComponent, limits)
        var status = stat()
        guard stat(file.path, &status) == 0 else {
            throw ArchiveError("\(name) cannot be read: \(String(cString: strerror(errno)))")
        }
        let (product, overflows) = Int(status.st_size).multipliedReportingOverflow(by: limits.ratio)
        allowed = min(limits.bytes, max(limits.freeBytes, overflows ? .max : product))
    }

    /// - Throws: where the file expands beyond its limits.
    package mutating func count(_ more: Int) throws(ArchiveError) {
        let (sum, overflows) = bytes.addingReportingOverflow(more)
        bytes = sum
        if !overflows, sum <= allowed { return }
        if allowed < limits.bytes, !overflows, sum <= limits.bytes {
            throw ArchiveError("\(name) expands to more than \(limits.ratio) times its own size, the limit for an archive")
        }
        throw ArchiveError("\(name) expands to more than \(limits.bytes) bytes, the limit for an archive")
    }
}
