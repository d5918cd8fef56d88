import Foundation

/// A zip (a wheel is one), tar or 7z archive from outside, which may be hostile.
package struct Archive: Sendable {
    /// What an archive may expand to, whatever source it came from.
    package struct Limits: Sendable {
        package var bytes: Int
        package var members: Int
        /// How many times its own size it may expand to, where that is more than `freeBytes`: texts shrink to a twentieth,
        /// bombs to a thousandth.
        package var ratio: Int
        package var freeBytes: Int

        package init(bytes: Int = 64 << 30, members: Int = 200_000, ratio: Int = 200, freeBytes: Int = 64 << 20) {
            self.bytes = bytes
            self.members = members
            self.ratio = ratio
            self.freeBytes = freeBytes
        }
    }

    /// What was in an archive, and what was taken out.
    package struct Contents: Sendable {
        /// Paths of all files, sorted.
        package var all: [String] = []
        /// Paths of the files that were taken out, sorted.
        package var extracted: [String] = []
    }

    private let file: URL
    private let limits: Limits

    package init(_ file: URL, limits: Limits = Limits()) { (self.file, self.limits) = (file, limits) }

    /// Takes the chosen files out, with plain modes.
    ///
    /// - Parameter directory: exists, and has none of these files.
    /// - Throws: where a member's path leads out of the archive, a chosen member is a link, a special file or stands there
    ///   twice, or the archive expands beyond its limits.
    package func extract(into directory: URL, where isChosen: (String) -> Bool) throws(ArchiveError) -> Contents {
        try withUTF8Names { () throws(ArchiveError) in try members(into: directory, where: isChosen) }
    }

    private func members(into directory: URL, where isChosen: (String) -> Bool) throws(ArchiveError) -> Contents {
        let reader = try ArchiveReader(of: file)
        var budget = try ExpansionBudget(for: file, limits)
        var contents = Contents()
        var members = 0
        while let entry = try reader.next() {
            members += 1
            if members > limits.members {
                throw ArchiveError("\(name) has more than \(limits.members) members, the limit for an archive")
            }
            let path = try safePath(entry.path)
            if entry.kind == .folder { continue }
            contents.all.append(path)
            guard isChosen(path) else {
                // Passing a member expands it too, where the archive is compressed as a whole.
                try budget.count(entry.size)
                continue
            }
            guard entry.isUTF8 else {
                throw ArchiveError("the name of \(path) in \(name) is not UTF-8; choose other members, or pack it anew")
            }
            guard entry.kind == .file else {
                throw ArchiveError("\(path) in \(name) is a link or a special file; choose other members")
            }
            let output = try create(directory.appending(path: path), path: path)
            defer { close(output) }
            try reader.read { piece throws(ArchiveError) in
                try budget.count(piece.count)
                try write(piece, to: output, path: path)
            }
            contents.extracted.append(path)
        }
        contents.all.sort()
        contents.extracted.sort()
        return contents
    }

    private var name: String { file.lastPathComponent }

    /// The path without leading `./` and final slash.
    private func safePath(_ path: String) throws(ArchiveError) -> String {
        var parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        while parts.count > 1, parts.first == "." { parts.removeFirst() }
        while parts.count > 1, parts.last == "" { parts.removeLast() }
        if parts == ["."] { return "." }
        guard !parts.contains(where: { ["", ".", ".."].contains($0) || $0.contains("\\") }) else {
            throw ArchiveError("\(name) has a member '\(path)', which would lie outside of it; such an archive is refused")
        }
        return parts.joined(separator: "/")
    }

    private func create(_ file: URL, path: String) throws(ArchiveError) -> Int32 {
        do {
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        } catch {
            throw ArchiveError("\(path) cannot be written: \(error.localizedDescription)")
        }
        let descriptor = open(file.path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        if descriptor >= 0 { return descriptor }
        if errno == EEXIST { throw ArchiveError("\(name) has \(path) twice") }
        throw ArchiveError("\(path) cannot be written: \(String(cString: strerror(errno)))")
    }

    private func write(_ piece: UnsafeRawBufferPointer, to output: Int32, path: String) throws(ArchiveError) {
        var rest = piece[...]
        while !rest.isEmpty {
            let count = Foundation.write(output, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw ArchiveError("\(path) cannot be written: \(String(cString: strerror(errno)))") }
            rest = rest.dropFirst(count)
        }
    }
}

/// Why an archive's files cannot be taken out, in a sentence.
package struct ArchiveError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
