import Foundation

/// A file of lines, read piece by piece: a few mebibytes of memory, however long it is.
struct LineFile {
    let url: URL

    /// Calls `body` with every line and its number, from 1. A line is at most 64 MiB.
    func forEachLine(_ body: (ArraySlice<UInt8>, Int) throws -> Void) throws {
        let handle = try FileHandle(forReadingFrom: url)
        defer { try? handle.close() }
        var rest: [UInt8] = []
        var number = 0
        while let piece = try handle.read(upToCount: 4 << 20), !piece.isEmpty {
            rest += piece
            var start = rest.startIndex
            while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
                number += 1
                try body(rest[start..<end], number)
                start = end + 1
            }
            rest.removeFirst(start)
            guard rest.count <= 64 << 20 else {
                throw StageFailure("\(url.lastPathComponent), line \(number + 1): the line is longer than 64 MiB")
            }
        }
        if !rest.isEmpty { try body(rest[...], number + 1) }
    }
}
