import CanonicalJSON
import Dispatch
import Synchronization

/// JSON lines: an object on each line. Lines without anything but white space say nothing.
///
/// While lines are handed on, those behind them are parsed on another thread.
struct JSONLines {
    private let stream: ByteStream
    private let file: String
    private let unit: RecordPlace.Unit

    /// - Parameter unit: what places count: all lines, or those that hold a record.
    init(_ stream: ByteStream, file: String, counting unit: RecordPlace.Unit) {
        (self.stream, self.file, self.unit) = (stream, file, unit)
    }

    func forEach(_ record: (RecordPlace, Result<JSON, DamagedRecord>) throws -> Void) throws {
        var number = 0
        var next = try batch(&number).map(ParsedLines.init)
        while let lines = next {
            // What cannot be read further on says so behind the lines before it.
            let following = Result { try batch(&number).map(ParsedLines.init) }
            for (number, line) in lines.wait() { try record(RecordPlace(file: file, unit, number), line) }
            next = try following.get()
        }
    }

    /// Some lines that are not blank; `nil` at the end.
    private func batch(_ number: inout Int) throws -> LineBatch? {
        var batch = LineBatch()
        while !batch.isFull, let line = try stream.nextLine() {
            let isBlank = line.allSatisfy { $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }
            if unit == .line || !isBlank { number += 1 }
            if !isBlank { batch.append(line, number: number) }
        }
        return batch.isEmpty ? nil : batch
    }
}

/// Lines one behind the other.
private struct LineBatch: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [(number: Int, end: Int)] = []

    private static let size = 1 << 18

    var isEmpty: Bool { ends.isEmpty }
    var isFull: Bool { bytes.count >= Self.size }

    mutating func append(_ line: UnsafeRawBufferPointer, number: Int) {
        bytes.append(contentsOf: line)
        ends.append((number, bytes.count))
    }

    func parsed() -> [(number: Int, line: Result<JSON, DamagedRecord>)] {
        var start = 0
        return ends.map { number, end in
            defer { start = end }
            return (number, Self.object(bytes[start..<end]))
        }
    }

    private static func object(_ line: ArraySlice<UInt8>) -> Result<JSON, DamagedRecord> {
        do throws(JSONError) {
            return .success(try JSON(parsingAsWritten: line))
        } catch {
            return .failure(DamagedRecord("not JSON: \(error.reason) (column \(error.column))", at: error.offset))
        }
    }
}

/// Lines that are being parsed.
private final class ParsedLines: Sendable {
    private let lines = Mutex<[(number: Int, line: Result<JSON, DamagedRecord>)]>([])
    private let isDone = DispatchSemaphore(value: 0)

    init(_ batch: LineBatch) {
        DispatchQueue.global().async { [self] in
            let parsed = batch.parsed()
            lines.withLock { $0 = parsed }
            isDone.signal()
        }
    }

    /// To be called once.
    func wait() -> [(number: Int, line: Result<JSON, DamagedRecord>)] {
        isDone.wait()
        return lines.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }
}
