import Foundation

/// A model's tensors as a folder holds them: in `model.safetensors`, or in the shards that its index lists.
///
/// Files are mapped; a tensor is read when it is asked for.
package struct WeightFiles: Sendable {
    package static let single = "model.safetensors"
    static let index = "model.safetensors.index.json"

    private let files: [SafeTensors]
    /// The place in `files` of the file that holds a tensor.
    private let places: [String: Int]

    package init(folder: URL) throws(ModelFileError) {
        let index = folder.appending(path: Self.index)
        guard FileManager.default.fileExists(atPath: index.path) else {
            self.init(try SafeTensors(reading: folder.appending(path: Self.single)))
            return
        }
        let map = try WeightMap(reading: index)
        var files: [SafeTensors] = []
        for name in map.files { files.append(try SafeTensors(reading: folder.appending(path: name))) }
        try map.check(files)
        self.init(files, places: map.places)
    }

    /// Of one file.
    init(_ file: SafeTensors) {
        self.init([file], places: file.entries.mapValues { _ in 0 })
    }

    private init(_ files: [SafeTensors], places: [String: Int]) {
        self.files = files
        self.places = places
    }

    package var names: [String] { places.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
    package var count: Int { places.count }

    /// Of all tensors, as they are stored.
    var byteCount: Int { files.reduce(0) { $0 + $1.entries.values.reduce(0) { $0 + $1.range.count } } }

    package func contains(_ name: String) -> Bool { places[name] != nil }

    /// Every tensor by name; bytes are read when they are asked for.
    package func tensors() throws(ModelFileError) -> [String: StoredTensor] {
        var tensors: [String: StoredTensor] = [:]
        for name in names { tensors[name] = try file(of: name).tensor(name) }
        return tensors
    }

    /// The file that holds a tensor; where there is none, any, whose errors then say that it is missing.
    func file(of name: String) -> SafeTensors { files[places[name] ?? 0] }
}
