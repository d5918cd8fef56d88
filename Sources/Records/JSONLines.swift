import CanonicalJSON

/// JSON lines: an object on each line. Lines without anything but white space say nothing.
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
        while let line = try stream.nextLine() {
            let isBlank = line.allSatisfy { $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }
            if unit == .line || !isBlank { number += 1 }
            if isBlank { continue }
            try record(RecordPlace(file: file, unit, number), Self.object(line))
        }
    }

    private static func object(_ line: UnsafeRawBufferPointer) -> Result<JSON, DamagedRecord> {
        do throws(JSONError) {
            return .success(try JSON(parsingAsWritten: line))
        } catch {
            return .failure(DamagedRecord("not JSON: \(error.reason) (column \(error.column))"))
        }
    }
}
