import BuildModel
import Foundation
import Programs
import Stages
import Words

extension ServerProgram {
    /// Serves models with this program: `decant stage serve MODEL DATA`.
    ///
    /// - Parameter numerics: of the stage that measures.
    static func ofThisProgram(_ numerics: Numerics) throws -> ServerProgram {
        let executable = try ProcessFiles.program().path
        var environment = ["LC_ALL": "C", "TZ": "UTC"]
        for name in ["LD_LIBRARY_PATH", "DECANT_VECTORS"] { environment[name] = ProcessInfo.processInfo.environment[name] }
        return ServerProgram { [environment] offer in
            let arguments = [
                "stage", "serve", offer.model.path, offer.data.path, "--prompt", offer.prompt.rawValue, "--answer",
                offer.answer.rawValue, "--numerics", numerics.rawValue, "--threads", String(offer.threads),
                offer.keepsPrefixes ? "--prefixes" : "--no-prefixes",
            ]
            return Program(executable, arguments, environment: environment, directory: URL(filePath: "/"))
        }
    }
}
