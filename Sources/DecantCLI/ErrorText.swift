import Foundation

/// What a person reads of an error that nobody between here and the system has put into words.
enum ErrorText {
    static func of(_ error: any Error) -> String {
        guard let error = error as? CocoaError else { return "\(error)" }
        let cause = (error.underlying as? POSIXError).map { String(cString: strerror($0.code.rawValue)) }
        let reason = cause ?? error.localizedDescription
        return error.filePath.map { "\($0): \(reason)" } ?? reason
    }
}
