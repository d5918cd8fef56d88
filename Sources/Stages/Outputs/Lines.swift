import CanonicalJSON
import Engine
import Foundation
import Records

/// Writes a file of JSON lines value by value: the same bytes as writing all at once.
final class LineWriter<Element: LineContent> {
    private let file: URL
    private let output: FileHandle
    private var buffer: [UInt8] = []

    private static var bufferSize: Int { 1 << 20 }

    init(to file: URL) throws {
        self.file = file
        guard FileManager.default.createFile(atPath: file.path, contents: nil) else {
            throw StageFailure("\(file.lastPathComponent) cannot be written: \(String(cString: strerror(errno)))")
        }
        output = try FileHandle(forWritingTo: file)
    }

    func write(_ element: Element) throws {
        buffer += element.line.canonicalBytes
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count >= Self.bufferSize { try flush() }
    }

    /// To be called once, behind the last value.
    func finish() throws {
        try flush()
        try output.close()
    }

    private func flush() throws {
        try output.write(contentsOf: buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}

extension StageContext {
    /// Reads a file of JSON lines value by value.
    ///
    /// - Parameter input: the name of the input that has the file.
    func forEachLine<Element: LineContent>(
        of file: File<[Element]>, from input: String, _ body: (Element) throws -> Void
    ) throws {
        try file.forEachLine(in: self.input(input), named: "\(input)/\(file.name)", body)
    }
}

extension File {
    /// Reads a file of JSON lines value by value.
    ///
    /// - Parameters:
    ///   - name: what messages call the file.
    ///   - wanted: whether a line of this number, from 1, is read at all.
    func forEachLine<Element: LineContent>(
        in folder: URL, named name: String, where wanted: (Int) -> Bool = { _ in true }, _ body: (Element) throws -> Void
    ) throws where Content == [Element] {
        var count = 0
        do {
            try RecordFile(folder.appending(path: self.name), named: name).read { place, record in
                count += 1
                guard wanted(count) else { return }
                let element: Element
                switch record {
                case .failure(let damage): throw StageFailure("\(place): \(damage)")
                case .success(let line):
                    do throws(RowError) {
                        element = try Element(line: line)
                    } catch {
                        throw StageFailure("\(name), \(Element.noun) \(count): \(error)")
                    }
                }
                try body(element)
            }
        } catch let error as RecordError {
            throw StageFailure("\(error)")
        }
    }
}
