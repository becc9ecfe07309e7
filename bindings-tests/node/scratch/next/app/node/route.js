import { work } from "../work";

export const dynamic = "force-dynamic";
export const GET = () => work("node");
