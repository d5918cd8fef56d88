import CanonicalJSON
import Engine
import Foundation

/// A file of an artifact: its name and the type of its content.
///
/// A kind declares each of its files once, beside its run. Whoever writes, reads or shows the file names the declaration.
package struct File<Content: FileContent>: Hashable, Sendable {
    package let name: String

    package init(_ name: String) { self.name = name }
}

/// What a file can hold.
package protocol FileContent: Sendable {
    /// - Parameter file: what messages call the file.
    init(reading file: URL, named name: String) throws

    func write(to file: URL) throws
}

/// Content that is small enough to be one value in memory.
package protocol ByteContent: FileContent {
    init(parsing bytes: Data, named name: String) throws
    var bytes: Data { get }
}

extension ByteContent {
    package init(reading file: URL, named name: String) throws { try self.init(parsing: Data(contentsOf: file), named: name) }

    package func write(to file: URL) throws { try bytes.write(to: file) }
}

/// Indented, for files that people read.
extension JSON: ByteContent {
    package init(parsing bytes: Data, named name: String) throws {
        do throws(JSONError) {
            self = try JSON(parsing: bytes)
        } catch {
            throw StageFailure("\(name): \(error)")
        }
    }

    package var bytes: Data { Data(prettyText.utf8) }
}

extension String: ByteContent {
    package init(parsing bytes: Data, named name: String) throws {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw StageFailure("\(name) is not UTF-8") }
        self = text
    }

    package var bytes: Data { Data(utf8) }
}

/// A value that is a line of a file.
package protocol LineContent: Sendable {
    /// What messages call such a line: `row`.
    static var noun: String { get }
    /// - Parameter line: numbers are as written.
    init(line: JSON) throws(RowError)
    var line: JSON { get }
}

/// JSON lines: a canonical value on each. Empty lines are skipped, a malformed one is named by its number.
extension Array: FileContent, ByteContent where Element: LineContent {
    package init(parsing bytes: Data, named name: String) throws {
        var elements: [Element] = []
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
        where !line.isBlank {
            let json: JSON
            do throws(JSONError) {
                json = try JSON(parsingAsWritten: line)
            } catch {
                throw StageFailure("\(name), line \(index + 1): \(error.reason) (column \(error.column))")
            }
            do throws(RowError) {
                elements.append(try Element(line: json))
            } catch {
                throw StageFailure("\(name), \(Element.noun) \(elements.count + 1): \(error)")
            }
        }
        self = elements
    }

    package var bytes: Data {
        var bytes: [UInt8] = []
        for element in self {
            bytes += element.line.canonicalBytes
            bytes.append(UInt8(ascii: "\n"))
        }
        return Data(bytes)
    }
}

extension JSON: LineContent {
    package static let noun = "line"
    package init(line: JSON) { self = line.canonical }
    package var line: JSON { self }
}

extension Collection<UInt8> {
    /// Whether a line holds nothing but white space.
    var isBlank: Bool { allSatisfy { $0 == 0x20 || $0 == 0x0D || $0 == 0x09 } }
}

/// Tensors, in the layout of safetensors. Tensors that do not fit each other are refused.
protocol TensorContent: FileContent {
    init(_ file: SafeTensors) throws
    var tensors: [String: StoredTensor] { get }
}

extension TensorContent {
    package init(reading file: URL, named name: String) throws { try self.init(SafeTensors(reading: file)) }

    package func write(to file: URL) throws { try SafeTensors.write(tensors, to: file) }
}
