import CanonicalJSON
import Foundation

/// A file of the `Reference` folder, written by the scripts of `scripts/reference`.
func reference(_ name: String) throws -> JSON {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Reference")
    return try JSON(parsing: Data(contentsOf: folder.appending(path: name)))
}
